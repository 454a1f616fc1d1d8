import { type OptionNames, readOptions } from "../arguments/options.ts";
import { setOwn } from "../bytes/dictionary.ts";
import { ownList } from "../arguments/own-list.ts";
import { invalidArgument, isList, LedgerError, reading } from "../errors/ledger-error.ts";
import type { Dictionary } from "../journal/event.ts";
import type { Aggregate, Field } from "../filter/field.ts";
import { fieldValue, type FilterRow, recordRow } from "../filter/filter-row.ts";
import type { ParamValue } from "../filter/flatten-params.ts";
import { type LabelledField, toField } from "../filter/parse-field.ts";
import { compareValues, identity } from "./value-identity.ts";
import { checkMetric, type Goal, mergeGoal, type SharedGoal, goalOf } from "./metric-value.ts";
import { type GroupStats, RunningStats } from "./running-stats.ts";
import { isMetricField, notAKey } from "../journal/metric-field.ts";
import { checkRecords, type ComparableRecord } from "./check-records.ts";

/** A metric to aggregate over the runs of a group. */
export interface SummarisedMetric {
  /** The name of the metric. */
  readonly key: string;
  /** Which value of a run counts. Default `"last"`. */
  readonly aggregate?: Aggregate | undefined;
  /** Whether smaller or greater is better. Default: what the runs define. */
  readonly goal?: Goal | undefined;
  /** The name of the metric in the result. Default: the key. */
  readonly as?: string | undefined;
}

/** Groups runs by all their params but some. */
export interface AllParamsExcept {
  /**
   * Paths of params without `params.`, such as `seed` or `data.seed`. What is nested below a path is left out with it.
   * Paths that no run has change nothing.
   */
  readonly allParamsExcept: readonly string[];
}

/** How to group runs, and which metrics to aggregate. */
export interface SummaryQuery {
  /**
   * Fields such as `params.lr`, `tags.stage` or `experiment`, written as in filters. The items of a list are params:
   * `params.layers.0`. Default: none, so that all runs are one group.
   *
   * `{ allParamsExcept: ["seed"] }` groups by all params but these: runs that differ only in `seed` are one group. The
   * `key` of a group then has the params of its runs, as `params.<path>`. A param that is `null`, or an empty list or
   * object, counts as missing.
   */
  readonly groupBy?: readonly (string | Field)[] | AllParamsExcept | undefined;
  /** Names of metrics without `metrics.`: `loss`, `val/loss`. Default: none. */
  readonly metrics?: readonly (string | SummarisedMetric)[] | undefined;
}

/**
 * A metric over a group of runs. A group whose runs define no goal takes the goal of the other groups. Without a goal,
 * or if the runs disagree, there is no best.
 */
export interface GroupMetric extends GroupStats {
  /** The best value, by the goal. Absent without a goal. */
  readonly best?: number;
  /** The id of the run that has the best value. If several have it, the highest id. */
  readonly bestRun?: string;
}

/** Runs that have the same values in the fields of the query. */
export interface RunGroup {
  /**
   * The value of each field, by the name that the query uses. `null` for a field that the runs do not have. With
   * `allParamsExcept`, only params that the runs have.
   */
  readonly key: Dictionary<ParamValue>;
  /** The number of runs in the group. */
  readonly runs: number;
  /** The metrics of the query, by their names in the result. */
  readonly metrics: Dictionary<GroupMetric>;
}

const METRIC: OptionNames<SummarisedMetric> = { key: true, aggregate: true, goal: true, as: true };

interface Metric {
  readonly key: string;
  readonly aggregate: Aggregate;
  readonly goal: Goal | undefined;
  readonly as: string;
}

interface Group {
  /** The name and the value of each field of the key. */
  readonly key: readonly (readonly [label: string, value: ParamValue])[];
  runs: number;
  readonly metrics: readonly { goal: SharedGoal; readonly stats: RunningStats }[];
}

/**
 * Groups runs one by one without keeping them. The memory grows with the number of groups and, up to a limit, with the
 * values of each group. Types count: a param 5 and a param `"5"` are two groups. Throws `INVALID_ARGUMENT`, which names
 * the wrong part of the query.
 */
export class RunGrouper {
  readonly #fields: readonly LabelledField[];
  /** The paths of params that do not count, if all others do. */
  readonly #except: readonly string[] | undefined;
  readonly #metrics: readonly Metric[];
  readonly #groups = new Map<string, Group>();

  constructor(query: SummaryQuery = {}) {
    const { groupBy = [], metrics = [] } = reading("query", () => ({ ...query }) as SummaryQuery);
    this.#except = isList("groupBy", groupBy) ? undefined : exceptOf(groupBy);
    if (!isList("metrics", metrics)) throw invalidArgument("metrics", "an array of metrics", metrics);
    this.#fields = isList("groupBy", groupBy)
      ? Array.from(groupBy as readonly (string | Field)[], (field, i) => toField(field, `groupBy[${i}]`))
      : [];
    const names = new Set<string>();
    this.#metrics = Array.from(metrics, (metric: string | SummarisedMetric, i) => {
      const field = `metrics[${i}]`;
      const {
        key,
        aggregate = "last",
        goal,
        as = key,
      } = typeof metric === "string" ? { key: metric } : readOptions("summarise", metric, METRIC, field);
      if (typeof key !== "string")
        throw invalidArgument(field, "a metric's key, or an object with it as `key`", metric);
      if (typeof metric === "string" && isMetricField(key))
        throw notAKey(field, key, `; write { key: ${JSON.stringify(key.slice(0, 100))} } for a metric of this name`);
      checkMetric(field, aggregate, goal);
      if (typeof as !== "string" || names.size === names.add(as).size)
        throw invalidArgument(`${field}.as`, "a name that no other metric has", as);
      return { key, aggregate, goal, as };
    });
  }

  /** Whether it reads all params of rows. */
  get allParams(): boolean {
    return this.#except !== undefined;
  }

  /** The fields that it reads from rows. */
  get fields(): Field[] {
    const metrics = this.#metrics.flatMap(({ key, aggregate, goal }) =>
      [aggregate, ...(goal ? [] : (["min", "max", "best"] as const))].map(
        (each) => ({ kind: "metric", key, aggregate: each }) as const,
      ),
    );
    return [...this.#fields.map(({ field }) => field), ...metrics];
  }

  /** Adds a run to its group. Goals come from `goalOf`, or else from the row. */
  add(row: FilterRow, goalOf: (key: string) => Goal | undefined = (key) => toldGoal(row, key)): void {
    const key = this.#except
      ? paramsOf(row, this.#except)
      : this.#fields.map(({ label, field }) => [label, withoutMinusZero(fieldValue(row, field) ?? null)] as const);
    const id = identity(this.#except ? key : key.map(([, value]) => value));
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = { key, runs: 0, metrics: this.#metrics.map(({ goal }) => ({ goal, stats: new RunningStats() })) };
      this.#groups.set(id, group);
    }
    group.runs++;
    for (const [i, { key, aggregate, goal }] of this.#metrics.entries()) {
      const value = row.metric(key, aggregate);
      if (value === undefined) continue;
      const metric = group.metrics[i]!;
      metric.goal = goal ?? mergeGoal(metric.goal, goalOf(key));
      metric.stats.add(value, row.attribute("id") as string);
    }
  }

  /** Returns the groups so far, ordered by their values: numbers, strings, other values, missing values. */
  result(): RunGroup[] {
    const groups = [...this.#groups.values()].sort((a, b) => {
      for (const [i, [label, value]] of a.key.entries()) {
        const [otherLabel, other] = b.key[i] ?? [];
        // A group with fewer params comes first.
        if (otherLabel === undefined) return 1;
        const order = label === otherLabel ? compareValues(value, other) : label < otherLabel ? -1 : 1;
        if (order !== 0) return order;
      }
      return a.key.length - b.key.length;
    });
    const shared = this.#metrics.map((_, i) =>
      groups.reduce<SharedGoal>((goal, { metrics }) => mergeGoal(goal, metrics[i]!.goal), undefined),
    );
    return groups.map(({ key: entries, runs, metrics }) => {
      const key: Dictionary<ParamValue> = {};
      for (const [label, value] of entries) setOwn(key, label, value);
      const named: Dictionary<GroupMetric> = {};
      for (const [i, { goal = shared[i], stats }] of metrics.entries()) {
        const best = goal === "minimize" ? stats.min : goal === "maximize" ? stats.max : undefined;
        const summary = { ...stats.stats(), ...(best && { best: best.value, bestRun: best.run }) };
        setOwn(named, this.#metrics[i]!.as, summary);
      }
      return { key, runs, metrics: named };
    });
  }
}

function exceptOf(given: unknown): string[] {
  const expected = "an array of fields, or { allParamsExcept: [paths of params] }";
  if (typeof given !== "object" || given === null) throw invalidArgument("groupBy", expected, given);
  const { allParamsExcept } = readOptions("summarise", given as AllParamsExcept, { allParamsExcept: true }, "groupBy");
  const field = "groupBy.allParamsExcept";
  const paths = ownList(field, "an array of paths of params", allParamsExcept);
  for (const [i, path] of paths.entries()) {
    if (typeof path !== "string" || path === "") throw invalidArgument(`${field}[${i}]`, "the path of a param", path);
    if (/^params?\./.test(path))
      throw new LedgerError("INVALID_ARGUMENT", `${field}[${i}] must be the path of a param without "params."`, {
        field: `${field}[${i}]`,
        received: "string",
      });
  }
  return paths;
}

/** Returns the params of a row that have values, by name, except some and those below them. */
function paramsOf(row: FilterRow, except: readonly string[]): (readonly [label: string, value: ParamValue])[] {
  const found: (readonly [string, ParamValue])[] = [];
  for (const path of row.paramPaths()) {
    if (except.some((each) => path === each || path.startsWith(`${each}.`))) continue;
    const value = row.param(path);
    if (value !== undefined && value !== null) found.push([`params.${path}`, withoutMinusZero(value)]);
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Returns 0 for -0, so that both are in one group. */
const withoutMinusZero = (value: ParamValue): ParamValue => (value === 0 ? 0 : value);

/**
 * Returns the goal of a metric whose best value is only its least or only its greatest. A metric with one value shows
 * no goal.
 */
function toldGoal(row: FilterRow, key: string): Goal | undefined {
  const best = row.metric(key, "best");
  if (best === undefined) return undefined;
  const isMin = best === row.metric(key, "min");
  if (isMin === (best === row.metric(key, "max"))) return undefined;
  return isMin ? "minimize" : "maximize";
}

/**
 * Groups runs by fields and aggregates their metrics. The goal of a metric comes from the query, or else from the runs.
 * Throws `INVALID_ARGUMENT`, which names the wrong part of the query.
 */
export function summariseRecords(given: readonly ComparableRecord[], query: SummaryQuery = {}): RunGroup[] {
  return reading("records", () => {
    const records = checkRecords(given);
    const summary = new RunGrouper(query);
    for (const record of records) summary.add(recordRow(record), (key) => goalOf(record, key));
    return summary.result();
  });
}
