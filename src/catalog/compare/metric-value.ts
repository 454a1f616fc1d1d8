import { invalidArgument } from "../../backend/error.ts";
import { definitionOf } from "../../journal/metric-glob.ts";
import type { RunRecord } from "../../journal/run-record.ts";
import type { MetricSummary } from "../../journal/summary.ts";

export type Goal = "minimize" | "maximize";

const AGGREGATES = ["last", "min", "max", "mean", "count", "best"] as const;

/** Which number of a metric's summary stands for the run. `best` is by the goal, absent without one. */
export type Aggregate = (typeof AGGREGATES)[number];

export function isAggregate(value: unknown): value is Aggregate {
  return AGGREGATES.includes(value as Aggregate);
}

/** Checks the options all that name a metric have in common. */
export function checkMetric(field: string, aggregate: unknown, goal?: unknown): void {
  if (aggregate !== undefined && !isAggregate(aggregate))
    throw invalidArgument(`${field}.aggregate`, `one of ${AGGREGATES.join(", ")}`, aggregate);
  if (goal !== undefined && goal !== "minimize" && goal !== "maximize")
    throw invalidArgument(`${field}.goal`, '"minimize" or "maximize"', goal);
}

/** The summary of a run's metric. */
export function summaryOf({ metrics }: RunRecord, key: string): MetricSummary | undefined {
  return Object.hasOwn(metrics, key) ? metrics[key] : undefined;
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
export function mergeGoal(before: SharedGoal, { metricDefinitions }: RunRecord, key: string): SharedGoal {
  const goal = definitionOf(key, metricDefinitions ?? {})?.goal;
  return goal === undefined || goal === before ? before : before === undefined ? goal : "conflict";
}

/** The goal of the runs that have the metric. */
export function sharedGoal(records: readonly RunRecord[], key: string): SharedGoal {
  let goal: SharedGoal;
  for (const record of records) if (summaryOf(record, key)) goal = mergeGoal(goal, record, key);
  return goal;
}
