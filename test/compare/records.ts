import fc from "fast-check";
import { setOwn } from "../../src/bytes/dictionary.ts";
import { mergeParams } from "../../src/journal/params.ts";
import type { MetricDefinition, RunRecord } from "../../src/journal/run-record.ts";
import { Summaries, toMetricSummary, type MetricSummary } from "../../src/journal/metric-summary.ts";
import { definitionOf } from "../../src/journal/metric-glob.ts";

export type Part = Omit<Partial<RunRecord>, "metrics"> & {
  /** Values as logged. */
  readonly metrics?: Record<string, readonly number[]>;
  readonly [extra: string]: unknown;
};

export function summary(values: readonly number[], goal?: "minimize" | "maximize"): MetricSummary {
  const summaries = new Summaries();
  for (const [step, value] of values.entries()) summaries.add([0], Float64Array.of(value), step, 1000 + step);
  return toMetricSummary(summaries.get(0) as never, goal);
}

function own<T>(source: object): { [key: string]: T } {
  const target: { [key: string]: T } = {};
  mergeParams(target, source as never);
  return target;
}

/** A record as a fold makes it. */
export function record(id: string, { metrics = {}, ...part }: Part = {}): RunRecord {
  const metricDefinitions = own<MetricDefinition>(part.metricDefinitions ?? {});
  const summaries: { [key: string]: MetricSummary } = {};
  for (const key of Object.keys(metrics)) {
    setOwn(summaries, key, summary(metrics[key] as number[], definitionOf(key, metricDefinitions)?.goal));
  }
  return {
    id,
    name: `name of ${id}`,
    experiment: "default",
    status: "finished",
    startTime: 1_700_000_000_000,
    lastActivity: 1_700_000_000_000,
    endTime: 1_700_000_061_000,
    artifacts: [],
    inputs: [],
    datasets: [],
    dropped: 0,
    damage: [],
    ...part,
    metricDefinitions,
    metrics: summaries,
    params: own(part.params ?? {}),
    tags: own(part.tags ?? {}),
  };
}

export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0),
);

export const anyKey: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("a", "b", "a.b", "lr", "__proto__", "constructor", "toString", ""),
  fc.string({ maxLength: 3, unit: "binary" }),
);

const anyLeaf = fc.oneof(anyNumber, fc.constantFrom("5", "", "a"), fc.boolean(), fc.constant(null), fc.bigInt(-5n, 5n));

/** Nested data with few keys, so that runs share some. */
export const anyParams: fc.Arbitrary<Record<string, unknown>> = fc.letrec<{ tree: Record<string, unknown> }>((tie) => ({
  tree: fc.dictionary(anyKey, fc.oneof({ maxDepth: 3 }, anyLeaf, fc.array(anyLeaf, { maxLength: 2 }), tie("tree")), {
    maxKeys: 4,
    noNullPrototype: false,
  }),
})).tree;

export const anyMetrics: fc.Arbitrary<Record<string, number[]>> = fc.dictionary(
  fc.constantFrom("loss", "acc", "__proto__", "val/loss"),
  fc.array(anyNumber, { minLength: 1, maxLength: 4 }),
);

const goals: fc.Arbitrary<Record<string, MetricDefinition>> = fc.dictionary(
  fc.constantFrom("loss", "**", "acc"),
  fc.record({ goal: fc.constantFrom("minimize" as const, "maximize" as const) }),
);

/** Any runs, ids r0, r1, … */
export const anyRecords: fc.Arbitrary<RunRecord[]> = fc
  .array(
    fc.record({
      params: anyParams,
      tags: fc.dictionary(anyKey, fc.string({ maxLength: 2, unit: "binary" }), { maxKeys: 3 }),
      metrics: anyMetrics,
      metricDefinitions: goals,
      name: fc.string({ maxLength: 40, unit: "binary" }),
    }),
    { maxLength: 6 },
  )
  .map((parts) => parts.map((part, i) => record(`r${i}`, part)));
