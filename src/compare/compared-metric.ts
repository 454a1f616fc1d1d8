import type { RunRecord } from "../journal/run-record.ts";
import type { MetricSummary } from "../journal/summary.ts";
import { type Goal, sharedGoal, summaryOf } from "./metric-value.ts";
import { identity } from "./identity.ts";

/** A metric of several runs, in the order they were given. */
export interface ComparedMetric {
  /** The name of the metric: `val/loss`. */
  readonly key: string;
  /** Of the runs that have the metric and define one. Absent if none does, or they disagree. */
  readonly goal?: Goal;
  /** Some runs minimize it, others maximize it: no run is the best. */
  readonly goalConflict: boolean;
  /** Of each run, `undefined` where it has none. `best` is by the common goal, also for a run that defines none. */
  readonly values: readonly (MetricSummary | undefined)[];
  /** The ids of the best runs: one, or all that tie, the first given first. Empty without a goal. NaN is never best. */
  readonly best: readonly string[];
  /** All runs have it, with the same values at the same steps as far as a summary tells. */
  readonly same: boolean;
}

export function compareMetric(records: readonly RunRecord[], key: string): ComparedMetric {
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

/** Without times, which never agree. */
function outline(summary: MetricSummary | undefined): string {
  if (summary === undefined) return "";
  const { count, mean, last, min, max } = summary;
  return identity([count, mean, ...[last, min, max].map((point) => point && [point.value, point.step])]);
}
