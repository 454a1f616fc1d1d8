import { reading } from "../errors/ledger-error.ts";
import type { RecordedVersion } from "../journal/event.ts";
import type { RecordedDataset } from "../journal/recorded-dataset.ts";
import { isRuntimeMetric } from "../journal/metric-field.ts";
import { attributeValue, runAttributes } from "../journal/run-attributes.ts";
import type { RunRecord, RunStatus } from "../journal/run-record.ts";
import { readOptions } from "../arguments/options.ts";
import { checkRecords, type ComparableRecord } from "./check-records.ts";
import { alignSection, type ComparedSection, entriesOf, leavesOf } from "./compared-section.ts";
import type { MetricSummary } from "../journal/metric-summary.ts";
import { type Goal, sharedGoal, summaryOf } from "./metric-value.ts";
import { identity } from "./value-identity.ts";

/** A run in the head of a comparison. */
export interface ComparedRun {
  /** The id of the run. */
  readonly id: string;
  /** The name of the run. */
  readonly name: string;
  /** The experiment that the run belongs to. */
  readonly experiment: string;
  /** The status of the run when its record was read. */
  readonly status: RunStatus;
  /** When the run began, in ms since the epoch. */
  readonly startTime: number;
  /** How long the run took, in ms. Absent while it runs. */
  readonly duration?: number;
}

/** A data set in a comparison. */
export type ComparedDataset = Omit<RecordedDataset, "time">;

/** Members that a record may lack, or have with less. */
interface Extras {
  readonly datasets?: readonly ComparedDataset[] | undefined;
}

/** One metric of several runs, in the order of the runs. */
export interface ComparedMetric {
  /** The name of the metric: `val/loss`. */
  readonly key: string;
  /** The goal that the runs define. Absent if none of them does, or if they disagree. */
  readonly goal?: Goal;
  /** Whether some runs minimize the metric and others maximize it. Then no run is the best. */
  readonly goalConflict: boolean;
  /**
   * The summary of each run, `undefined` for a run without the metric. `best` is by the common goal, even for a run
   * that defines none.
   */
  readonly values: readonly (MetricSummary | undefined)[];
  /**
   * The ids of the best runs: one, or all that tie, in the order of the runs. Empty without a goal. NaN is never best.
   */
  readonly best: readonly string[];
  /** Whether all runs have the metric, with the same values at the same steps as far as a summary shows. */
  readonly same: boolean;
}

/** Several runs side by side. Every list with one entry per run is in the order of `runs`. */
export interface RunComparison {
  /** The runs, in the order of the ids. */
  readonly runs: readonly ComparedRun[];
  /** Texts of the runs that are not in `runs`, such as `group` and `note`, by their names in records. */
  readonly attributes: ComparedSection<string>;
  /** Params by their paths: `optimizer.lr`. */
  readonly params: ComparedSection;
  /** Tags by their keys. */
  readonly tags: ComparedSection<string>;
  /** What the runs recorded of the machine and the runtime, by path. */
  readonly environment: ComparedSection;
  /** What the runs recorded of their code, by path. */
  readonly code: ComparedSection;
  /** Data sets by name and context. Two are the same if their digests are. */
  readonly datasets: ComparedSection<readonly ComparedDataset[]>;
  /** Artifact versions that the runs used, except those of data sets, by name. Two are the same if their digests are. */
  readonly inputs: ComparedSection<readonly RecordedVersion[]>;
  /** Every metric that any of the runs has, by name. See {@link CompareOptions} for those of the system. */
  readonly metrics: readonly ComparedMetric[];
}

/** Options of a comparison. */
export interface CompareOptions {
  /** Whether to compare the metrics named `system/…` and `tfjs/…`, which the library logs by itself. Default `false`. */
  readonly systemMetrics?: boolean | undefined;
}

/**
 * Returns what differs between runs and what is the same. Types count: 5 and `"5"` differ. NaN equals NaN, and 0 equals
 * -0. Leaves out metrics named `system/…` and `tfjs/…` unless `systemMetrics` is set. Throws `INVALID_ARGUMENT` for
 * anything but an array of records.
 */
export function compareRecords(given: readonly ComparableRecord[], options?: CompareOptions): RunComparison {
  const { systemMetrics = false } = readOptions("compareRecords", options, { systemMetrics: true });
  return reading("records", () => {
    const records = checkRecords(given);
    const all: readonly (RunRecord & Extras)[] = records;
    const nested = (name: "params" | "environment"): ComparedSection =>
      alignSection(all.map((record) => leavesOf(record[name])));
    const digests = (items: readonly { digest: string }[]): string =>
      items
        .map(({ digest }) => digest)
        .sort()
        .join(" ");
    const keys = new Set(records.flatMap(({ metrics }) => Object.keys(metrics)));
    if (!systemMetrics) for (const key of keys) if (isRuntimeMetric(key)) keys.delete(key);
    return {
      runs: records.map(({ id, name, experiment, status, startTime, endTime }) => ({
        id,
        name,
        experiment,
        status,
        startTime,
        ...(endTime !== undefined && { duration: endTime - startTime }),
      })),
      attributes: alignSection(all.map(attributesOf)),
      params: nested("params"),
      tags: alignSection(all.map(({ tags }) => entriesOf(tags))),
      environment: nested("environment"),
      code: alignSection(all.map(({ code }) => leavesOf(withoutParts(code)))),
      datasets: alignSection(
        all.map(({ datasets = [] }) =>
          datasets.map((item) => [item.context ? [item.name, item.context] : [item.name], [item]]),
        ),
        " / ",
        digests,
      ),
      inputs: alignSection(
        all.map((record) => usedVersions(record).map((item) => [[item.name], [item]])),
        ".",
        digests,
      ),
      metrics: [...keys].sort().map((key) => compareMetric(records, key)),
    };
  });
}

/**
 * Leaves out the versions that hold data sets of the run, which are compared by themselves. The run that stored such a
 * version first did not use it, but made it.
 */
function usedVersions({ inputs = [], datasets = [] }: RunRecord): readonly RecordedVersion[] {
  const held = new Set(datasets.map(({ artifact }) => artifact));
  return inputs.filter(({ name, version }) => !held.has(`${name}:${version}`));
}

/** Leaves out how the archive is stored. Its digest says whether it is the same. */
function withoutParts(code: RunRecord["code"]): object | undefined {
  if (!code?.archive) return code;
  const { parts: _, ...archive } = code.archive;
  return { ...code, archive };
}

const COMPARED = /* @__PURE__ */ runAttributes.filter(({ compared }) => compared);

function attributesOf(record: RunRecord): (readonly [keys: readonly string[], value: string])[] {
  return COMPARED.flatMap((attribute) => {
    const value = attributeValue(record, attribute);
    return value === undefined ? [] : [[[attribute.member], value as string] as const];
  });
}

function compareMetric(records: readonly RunRecord[], key: string): ComparedMetric {
  const shared = sharedGoal(records, key);
  const goal = shared === "conflict" ? undefined : shared;
  const part = goal === "minimize" ? "min" : "max";
  const values = records.map((record) => {
    const summary = summaryOf(record, key);
    const best = goal && summary?.[part];
    return summary && best ? { ...summary, best } : summary;
  });
  let best: string[] = [];
  let record = Number.NaN;
  for (const [i, summary] of values.entries()) {
    const value = goal && summary?.best?.value;
    if (value === undefined || Number.isNaN(value)) continue;
    const { id } = records[i] as RunRecord;
    if (value === record) best.push(id);
    else if (!(goal === "minimize" ? value > record : value < record)) [best, record] = [[id], value];
  }
  const outlines = new Set(values.map(outline));
  return { key, ...(goal && { goal }), goalConflict: shared === "conflict", values, best, same: outlines.size === 1 };
}

/** Returns a text that is the same for the same values at the same steps. Times never agree, so it has none. */
function outline(summary: MetricSummary | undefined): string {
  if (summary === undefined) return "";
  const { count, mean, last, min, max } = summary;
  return identity([count, mean, ...[last, min, max].map((point) => point && [point.value, point.step])]);
}
