import { ownValue } from "../bytes/dictionary.ts";
import { checkChoice } from "../arguments/choice.ts";
import { definitionOf } from "../journal/metric-glob.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { MetricSummary } from "../journal/metric-summary.ts";
import { type Aggregate, AGGREGATES } from "../filter/field.ts";

/** Whether a metric is better when it is smaller or greater. */
export type Goal = "minimize" | "maximize";

/** Checks the options that every description of a metric may have. */
export function checkMetric(field: string, aggregate: unknown, goal?: unknown): void {
  if (aggregate !== undefined) checkChoice(`${field}.aggregate`, aggregate, AGGREGATES);
  if (goal !== undefined) checkChoice(`${field}.goal`, goal, ["minimize", "maximize"]);
}

/** Returns the summary of a run's metric. */
export function summaryOf({ metrics }: RunRecord, key: string): MetricSummary | undefined {
  return ownValue(metrics, key);
}

/** Returns one number of a summary, or `undefined` if the summary lacks it. `goal`, if given, decides `best`. */
export function valueOf(summary: MetricSummary | undefined, aggregate: Aggregate, goal?: Goal): number | undefined {
  if (summary === undefined) return undefined;
  if (aggregate === "mean" || aggregate === "count") return summary[aggregate];
  const part = aggregate === "best" && goal ? (goal === "minimize" ? "min" : "max") : aggregate;
  return summary[part]?.value;
}

/** The goal of a metric in several runs. `"conflict"` if they disagree. */
export type SharedGoal = Goal | "conflict" | undefined;

/** Returns the common goal of the runs so far and one more run. A run that defines no goal agrees with the others. */
export function mergeGoal(before: SharedGoal, goal: SharedGoal): SharedGoal {
  return goal === undefined || goal === before ? before : before === undefined ? goal : "conflict";
}

/** Returns the goal that a run defines for a metric. */
export function goalOf({ metricDefinitions }: RunRecord, key: string): Goal | undefined {
  return definitionOf(key, metricDefinitions ?? {})?.goal;
}

/** Returns the common goal of the runs that have the metric. */
export function sharedGoal(records: readonly RunRecord[], key: string): SharedGoal {
  return records.reduce<SharedGoal>(
    (goal, record) => (summaryOf(record, key) ? mergeGoal(goal, goalOf(record, key)) : goal),
    undefined,
  );
}
