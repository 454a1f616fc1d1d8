import { invalidArgument } from "../../backend/error.ts";
import type { Dictionary } from "../../journal/event.ts";
import { newDictionary } from "../../journal/params.ts";
import type { RunRecord } from "../../journal/run-record.ts";
import { checkRecord, checkRecords } from "./check-records.ts";
import { fieldValue, type RecordField, toField } from "./field.ts";
import { compareValues, identity } from "./identity.ts";
import { type Aggregate, checkMetric, mergeGoal, type SharedGoal, summaryOf, valueOf } from "./metric-value.ts";
import { type GroupStats, RunningStats } from "./running-stats.ts";

/** A metric to aggregate over the runs of a group. */
export interface SummarisedMetric {
  readonly key: string;
  /** Which value of a run counts. Default `"last"`. */
  readonly aggregate?: Aggregate | undefined;
  /** Its name in the result. Default: the key. */
  readonly as?: string | undefined;
}

/** How to group runs, and what of. */
export interface SummaryQuery {
  /** Fields such as `params.lr`, `tags.stage` or `experiment`. None: all runs are one group. */
  readonly groupBy: readonly (string | RecordField)[];
  /** Default: none. */
  readonly metrics?: readonly (string | SummarisedMetric)[] | undefined;
}

/** A metric over a group. `best` and its first run: by the goal that the runs of the group define, absent if they disagree. */
export interface GroupMetric extends GroupStats {
  readonly best?: number;
  readonly bestRun?: string;
}

/** Runs that share the values of the fields. */
export interface RunGroup {
  /** By field, as the query names it. `null` where the runs have none. */
  readonly key: Dictionary;
  readonly runs: number;
  readonly metrics: Dictionary<GroupMetric>;
}

interface Group {
  readonly values: readonly unknown[];
  runs: number;
  readonly metrics: readonly { goal: SharedGoal; readonly stats: RunningStats }[];
}

/**
 * Groups runs one by one, keeping no record: what it holds grows with the groups, and up to a bound with a group's values.
 * Types count: a param 5 and a param `"5"` are two groups. `INVALID_ARGUMENT` names what is wrong in the query.
 */
export class RecordSummary {
  readonly #fields: readonly { readonly label: string; readonly field: RecordField }[];
  readonly #metrics: readonly { readonly key: string; readonly aggregate: Aggregate; readonly as: string }[];
  readonly #groups = new Map<string, Group>();

  constructor(query: SummaryQuery) {
    const { groupBy, metrics = [] } = query ?? {};
    if (!Array.isArray(groupBy)) throw invalidArgument("groupBy", "an array of fields", groupBy);
    if (!Array.isArray(metrics)) throw invalidArgument("metrics", "an array of metrics", metrics);
    this.#fields = groupBy.map((field: string | RecordField, i) => toField(field, `groupBy[${i}]`));
    const names = new Set<string>();
    this.#metrics = metrics.map((metric: string | SummarisedMetric, i) => {
      const field = `metrics[${i}]`;
      const { key, aggregate = "last", as = key } = typeof metric === "string" ? { key: metric } : (metric ?? {});
      if (typeof key !== "string")
        throw invalidArgument(field, "a metric's key, or an object with it as `key`", metric);
      checkMetric(field, aggregate);
      if (typeof as !== "string" || names.size === names.add(as).size)
        throw invalidArgument(`${field}.as`, "a name no other metric has", as);
      return { key, aggregate, as };
    });
  }

  add(record: RunRecord): void {
    checkRecord(record);
    const values = this.#fields.map(({ field }) => fieldValue(record, field) ?? null);
    const id = identity(values);
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = { values, runs: 0, metrics: this.#metrics.map(() => ({ goal: undefined, stats: new RunningStats() })) };
      this.#groups.set(id, group);
    }
    group.runs++;
    for (const [i, metric] of group.metrics.entries()) {
      const { key, aggregate } = this.#metrics[i] as SummarisedMetric & { aggregate: Aggregate };
      const value = valueOf(summaryOf(record, key), aggregate);
      if (value === undefined) continue;
      metric.goal = mergeGoal(metric.goal, record, key);
      metric.stats.add(value, record.id);
    }
  }

  /** The groups so far, by their values: numbers, strings, other values, missing ones. */
  result(): RunGroup[] {
    const groups = [...this.#groups.values()].sort((a, b) => {
      for (const [i, value] of a.values.entries()) {
        const order = compareValues(value, b.values[i]);
        if (order !== 0) return order;
      }
      return 0;
    });
    return groups.map(({ values, runs, metrics }) => {
      const key = newDictionary();
      for (const [i, { label }] of this.#fields.entries()) key[label] = values[i];
      const named = newDictionary<GroupMetric>();
      for (const [i, { goal, stats }] of metrics.entries()) {
        const best = goal === "minimize" ? stats.min : goal === "maximize" ? stats.max : undefined;
        const { as } = this.#metrics[i] as { as: string };
        named[as] = { ...stats.stats(), ...(best && { best: best.value, bestRun: best.run }) };
      }
      return { key, runs, metrics: named };
    });
  }
}

/** Groups runs by fields and aggregates their metrics. {@link RecordSummary} does so one by one. */
export function summariseRecords(records: readonly RunRecord[], query: SummaryQuery): RunGroup[] {
  checkRecords(records);
  const summary = new RecordSummary(query);
  for (const record of records) summary.add(record);
  return summary.result();
}
