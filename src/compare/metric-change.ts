import type { ComparedMetric } from "./compare-records.ts";
import type { Goal } from "./metric-value.ts";

/** A metric that came out differently. */
export interface MetricChange {
  /** The name of the metric: `val/loss`. */
  readonly key: string;
  /** The goal that the runs define. Absent if none of them does, or if they disagree. */
  readonly goal?: Goal;
  /** `"better"` and `"worse"` are by the goal. Without a goal, a value is only `"changed"`. */
  readonly verdict: "worse" | "better" | "changed" | "added" | "removed";
  /** The best value of the earlier run by the goal, else the last. Absent if it has none. */
  readonly before?: number;
  /** The best value of the later run by the goal, else the last. Absent if it has none. */
  readonly after?: number;
  /** `after - before`. Absent if a value is missing, or if the difference is not a number. */
  readonly difference?: number;
}

const ORDER: readonly MetricChange["verdict"][] = ["worse", "better", "changed", "removed", "added"];

/** Returns the metrics of two runs that differ: worse ones first, the greatest relative change first. */
export function metricChanges(metrics: readonly ComparedMetric[]): MetricChange[] {
  const changes = metrics.flatMap((metric) => metricChange(metric) ?? []);
  const sizes = new Map(changes.map((change) => [change, relativeSize(change)]));
  return changes.sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || sizes.get(b)! - sizes.get(a)!);
}

function metricChange({ key, goal, values, same }: ComparedMetric): MetricChange | undefined {
  const [before, after] = values.map((summary) => summary && ((goal && summary.best) ?? summary.last).value);
  if (same || (before !== undefined && after !== undefined && isEqual(before, after))) return undefined;
  const difference = (after ?? Number.NaN) - (before ?? Number.NaN);
  return {
    key,
    ...(goal && { goal }),
    verdict: verdictOf(before, after, goal),
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
    ...(!Number.isNaN(difference) && { difference }),
  };
}

function verdictOf(before: number | undefined, after: number | undefined, goal?: Goal): MetricChange["verdict"] {
  if (before === undefined) return "added";
  if (after === undefined) return "removed";
  if (!goal) return "changed";
  // A run without a number to show is worse than any other.
  if (Number.isNaN(after)) return "worse";
  if (Number.isNaN(before)) return "better";
  return after < before === (goal === "minimize") ? "better" : "worse";
}

/** NaN equals NaN, and 0 equals -0. */
function isEqual(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/** Returns a number for sorting: a change that is no number comes first. */
function relativeSize({ before = 0, after = 0, difference }: MetricChange): number {
  if (difference === undefined) return Number.MAX_VALUE;
  return Math.min(Number.MAX_VALUE, Math.abs(difference) / Math.max(Math.abs(before), Math.abs(after)) || 0);
}
