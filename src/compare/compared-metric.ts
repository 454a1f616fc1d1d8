import type { RunRecord } from "../journal/run-record.ts";
import type { MetricSummary } from "../journal/summary.ts";
import { type Goal, sharedGoal, summaryOf } from "./metric-value.ts";
import { identity } from "./identity.ts";

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
