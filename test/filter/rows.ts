import type { RunRecord } from "../../src/journal/run-record.ts";

/** Returns a record with these fields. All other members are those of a run that logged nothing. */
export function record(fields: Partial<RunRecord> & { datasets?: unknown } = {}): RunRecord {
  return {
    id: "r1",
    name: "baseline",
    experiment: "default",
    status: "finished",
    startTime: 1000,
    lastActivity: 1000,
    params: {},
    tags: {},
    metrics: {},
    metricDefinitions: {},
    artifacts: [],
    inputs: [],
    datasets: [],
    dropped: 0,
    damage: [],
    ...fields,
  };
}

export function metric(...values: readonly number[]): RunRecord["metrics"][string] {
  const point = (value: number) => ({ value, step: 0, time: 0 });
  const numbers = values.filter((value) => !Number.isNaN(value));
  return {
    last: point(values.at(-1)!),
    ...(numbers.length > 0 && { min: point(Math.min(...numbers)), max: point(Math.max(...numbers)) }),
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    count: values.length,
  };
}
