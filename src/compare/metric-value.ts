import { ownValue } from "../bytes/dictionary.ts";
import { checkChoice } from "../arguments/choice.ts";
import { definitionOf } from "../journal/metric-glob.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { MetricSummary } from "../journal/metric-summary.ts";
import { type Aggregate, AGGREGATES } from "../filter/field.ts";

/** Whether a metric is better when it is smaller or greater. */
export type Goal = "minimize" | "maximize";

/** Checks the options all that name a metric have in common. */
export function checkMetric(field: string, aggregate: unknown, goal?: unknown): void {
  if (aggregate !== undefined) checkChoice(`${field}.aggregate`, aggregate, AGGREGATES);
  if (goal !== undefined) checkChoice(`${field}.goal`, goal, ["minimize", "maximize"]);
}

/** The summary of a run's metric. */
export function summaryOf({ metrics }: RunRecord, key: string): MetricSummary | undefined {
  return ownValue(metrics, key);
}

/** One number of a summary, `undefined` where there is none. `goal`, if given, decides `best`. */
export function valueOf(summary: MetricSummary | undefined, aggregate: Aggregate, goal?: Goal): number | undefined {
  if (summary === undefined) return undefined;
  if (aggregate === "mean" || aggregate === "count") return summary[aggregate];
  const part = aggregate === "best" && goal ? (goal === "minimize" ? "min" : "max") : aggregate;
  return summary[part]?.value;
}

/** What several runs say is better of a metric. */
export type SharedGoal = Goal | "conflict" | undefined;

/** The goal so far and that of one more run. A run that defines none goes along with the others. */
export function mergeGoal(before: SharedGoal, goal: SharedGoal): SharedGoal {
  return goal === undefined || goal === before ? before : before === undefined ? goal : "conflict";
}

/** What a run defines of a metric. */
export function goalOf({ metricDefinitions }: RunRecord, key: string): Goal | undefined {
  return definitionOf(key, metricDefinitions ?? {})?.goal;
}

/** The goal of the runs that have the metric. */
export function sharedGoal(records: readonly RunRecord[], key: string): SharedGoal {
  return records.reduce<SharedGoal>(
    (goal, record) => (summaryOf(record, key) ? mergeGoal(goal, goalOf(record, key)) : goal),
    undefined,
  );
}
