import fc from "fast-check";
import { expect, test } from "vitest";
import { RunDeflate } from "../../src/parquet/deflate/run-deflate.ts";
import { lttb } from "../../src/series/lttb.ts";
import { type SampleMethod, levelFor, sampleExtremes, sampleSeries } from "../../src/series/downsample.ts";
import { decodeExtremes } from "../../src/series/overview/overview-reader.ts";
import { encodeOverview } from "../../src/series/overview/overview-writer.ts";
import { OverviewBuilder } from "../../src/series/overview/overview-builder.ts";
import type { Series } from "../../src/series/series.ts";
import { recipes, seriesOf } from "./odd-series.ts";
import { same } from "./same.ts";
import { extremesOf } from "./extremes-of.ts";
import { cases } from "../rounds.ts";

const methods = fc.constantFrom<SampleMethod>("minmax", "lttb");
const sampleCounts = fc.oneof(
  fc.constantFrom(2, 3, 4, 5, 6, 7, 249, 250, 251, 499, 500, 501, 502, 503, 998, 999, 1000, 1001, 1002, 1500),
  fc.integer({ min: 2, max: 3000 }),
);

/** Places of a sample in its series, each behind the one before; undefined if it is not of the series, in its order. */
function placesOf(sample: Series, series: Series): number[] | undefined {
  const places: number[] = [];
  let at = 0;
  for (let i = 0; i < sample.values.length; i++, at++) {
    while (
      at < series.values.length &&
      !(
        series.steps[at] === sample.steps[i] &&
        series.times[at] === sample.times[i] &&
        Object.is(series.values[at], sample.values[i])
      )
    )
      at++;
    if (at >= series.values.length) return undefined;
    places.push(at);
  }
  return places;
}

const numbersOf = (values: Float64Array): Float64Array => values.filter((value) => !Number.isNaN(value));
const isExtreme = (of: Float64Array, inside: Float64Array, pick: "min" | "max"): boolean => {
  const best = of.reduce((a, b) => Math[pick](a, b));
  // -0 equals 0.
  return inside.some((value) => value === best);
};

test("a sample from the stored overview is the sample from the points", () => {
  fc.assert(
    fc.property(recipes(501, 3000), sampleCounts, methods, (recipe, samples, method) => {
      const series = seriesOf(recipe);
      const { n } = recipe;
      const builder = new OverviewBuilder(n);
      builder.add(series.steps, series.times, series.values);
      const [coarse, fine] = encodeOverview(builder.finish(), new RunDeflate());
      const finer = decodeExtremes(n, 500, fine);
      const level = levelFor(n, samples, method);
      const expected = sampleSeries(series, samples, method);
      if (level === undefined) {
        expect(() => sampleExtremes(finer, samples, method)).toThrow(
          expect.objectContaining({ code: "INVALID_ARGUMENT" }),
        );
        return;
      }
      const enough = decodeExtremes(n, level, level === 500 ? fine : coarse);
      expect(same(sampleExtremes(enough, samples, method), expected)).toBe(true);
      expect(same(sampleExtremes(finer, samples, method), expected)).toBe(true);
    }),
    { numRuns: cases(400) },
  );
});

test("a sample is made of points of the series, in its order, no more than asked for, the same each time", () => {
  fc.assert(
    fc.property(recipes(1, 3000), sampleCounts, methods, (recipe, samples, method) => {
      const series = seriesOf(recipe);
      const { n } = recipe;
      const sample = sampleSeries(series, samples, method);
      expect(same(sample, sampleSeries(seriesOf(recipe), samples, method))).toBe(true);
      expect(sample.values.length).toBeLessThanOrEqual(samples);
      if (n <= samples) {
        expect(same(sample, series)).toBe(true);
        return;
      }
      const places = placesOf(sample, series);
      expect(places).toBeDefined();
      const hasNaN = series.values.includes(Number.NaN);
      const ends = method === "lttb" || samples >= (hasNaN ? 5 : 4);
      if (ends) {
        for (const [i, at] of [
          [0, 0],
          [sample.values.length - 1, n - 1],
        ] as const) {
          expect([sample.steps[i], sample.times[i], sample.values[i]]).toEqual([
            series.steps[at],
            series.times[at],
            series.values[at],
          ]);
        }
      }
      // A series with NaN never looks whole.
      expect(sample.values.includes(Number.NaN)).toBe(
        hasNaN && (samples > 2 || (ends && [0, n - 1].some((at) => Number.isNaN(series.values[at])))),
      );
      if (method === "lttb") return;
      const numbers = numbersOf(series.values);
      if (numbers.length === 0) return;
      expect(isExtreme(numbers, numbersOf(sample.values), "min")).toBe(true);
      expect(isExtreme(numbers, numbersOf(sample.values), "max")).toBe(true);
    }),
    { numRuns: cases(400) },
  );
});

test("nothing is a sample of nothing", () => {
  const nothing = { steps: new Float64Array(0), times: new Float64Array(0), values: new Float64Array(0) };
  for (const method of ["minmax", "lttb"] as const) expect(same(sampleSeries(nothing, 2, method), nothing)).toBe(true);
});

/** The published algorithm, straight from its description, for finite values. */
function lttbByDefinition(y: readonly number[], samples: number): number[] {
  const size = (y.length - 2) / (samples - 2);
  const start = (bucket: number): number => Math.floor(bucket * size) + 1;
  const chosen = [0];
  for (let bucket = 0; bucket < samples - 2; bucket++) {
    const behind = y.map((_, i) => i).slice(start(bucket + 1), bucket === samples - 3 ? y.length : start(bucket + 2));
    const meanX = behind.reduce((sum, i) => sum + i, 0) / behind.length;
    const meanY = behind.reduce((sum, i) => sum + y[i]!, 0) / behind.length;
    const a = chosen.at(-1)!;
    let best = start(bucket);
    const area = (i: number): number => Math.abs((a - meanX) * (y[i]! - y[a]!) - (a - i) * (meanY - y[a]!));
    for (let i = best; i < start(bucket + 1); i++) if (area(i) > area(best)) best = i;
    chosen.push(best);
  }
  return [...chosen, y.length - 1];
}

test("lttb is the published algorithm if all values are finite", () => {
  // Small integers, and numbers of samples that make no rounding: no sum and no bucket depends on the order of
  // operations.
  const cases = fc.tuple(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 2, max: 8 }),
    fc.infiniteStream(fc.integer({ min: -50, max: 50 })),
  );
  fc.assert(
    fc.property(cases, ([inner, size, stream]) => {
      const y = [...stream.take(inner * size + 2)];
      const steps = Float64Array.from(y, (_, i) => i);
      const places = lttb({ steps, times: steps, values: Float64Array.from(y) }, inner + 2);
      expect([...places]).toEqual(lttbByDefinition(y, inner + 2));
    }),
  );
});

test("lttb keeps the shape around NaN and infinities", () => {
  const n = 3000;
  const steps = Float64Array.from({ length: n }, (_, i) => i);
  const values = steps.map((i) => (i % 7 === 3 ? Number.NaN : Math.sin(i / 50)));
  // Both ends are NaN, and given.
  values[0] = Number.NaN;
  values[1500] = Number.POSITIVE_INFINITY;
  values[2200] = 100;
  for (const samples of [100, 600]) {
    const sample = sampleSeries({ steps, times: steps, values }, samples, "lttb");
    expect(sample.values.length).toBeGreaterThan(samples - 3);
    expect([...sample.values]).toEqual(expect.arrayContaining([Number.POSITIVE_INFINITY, 100]));
    // One NaN of each group, and the ends.
    const groups = Math.floor((samples - 2) / 3);
    expect(sample.values.filter((value) => Number.isNaN(value)).length).toBeLessThanOrEqual(groups + 2);
  }
});

test.for([
  ["minmax", 200],
  ["minmax", 800],
  ["minmax", 1200],
  ["lttb", 200],
  ["lttb", 1200],
] as const)("a NaN, and where a loss diverges, is in a sample by %s of %i points", ([method, samples]) => {
  const n = 20_000;
  const steps = Float64Array.from({ length: n }, (_, i) => i);
  const curve = steps.map((i) => Math.exp(-i / 5000));
  const nanSteps = (values: Float64Array): number[] => {
    const sample = sampleSeries({ steps, times: steps, values }, samples, method);
    expect(sample.values.length).toBeLessThanOrEqual(samples);
    return Array.from(sample.steps).filter((_, i) => Number.isNaN(sample.values[i]));
  };
  // One NaN among 20,000 points.
  const one = curve.slice();
  one[7777] = Number.NaN;
  expect(nanSteps(one)).toEqual([7777]);
  // NaN for a while: the first of them, and then one of each group.
  const away = curve.map((value, i) => (i >= 7777 && i < 15_000 ? Number.NaN : value));
  const groups = Math.floor((samples - 2) / 3);
  const found = nanSteps(away);
  expect(found[0]).toBe(7777);
  expect(found.at(-1)).toBeGreaterThan(15_000 - 1.1 * (n / groups));
  expect(found.length).toBeGreaterThan(0.3 * groups);
});

test("minmax goes through the levels as documented", () => {
  const n = 2000;
  const steps = Float64Array.from({ length: n }, (_, i) => i);
  const values = steps.map((i) => (i * 7919) % n);
  // Six samples: two groups of the coarser level, each of 125 buckets of 8 points; then the ends.
  const extremesIn = (from: number, to: number): number[] => {
    const part = [...values.subarray(from, to)];
    return [from + part.indexOf(Math.min(...part)), from + part.indexOf(Math.max(...part))].toSorted((a, b) => a - b);
  };
  const expected = new Set([0, ...extremesIn(0, 1000), ...extremesIn(1000, 2000), n - 1]);
  expect([...sampleSeries({ steps, times: steps, values }, 6, "minmax").steps]).toEqual([...expected]);
  expect([...sampleSeries({ steps, times: steps, values }, 3, "minmax").steps]).toEqual(extremesIn(0, n));
  // 1,200 samples: 599 groups of points, as the buckets of a level are cut.
  const many = new Set([0]);
  for (let g = 0; g < 599; g++)
    for (const i of extremesIn(Math.floor((g * n) / 599), Math.floor(((g + 1) * n) / 599))) many.add(i);
  many.add(n - 1);
  expect([...sampleSeries({ steps, times: steps, values }, 1200, "minmax").steps]).toEqual([...many]);
});

test("other samples and methods are refused, and the error names them", () => {
  const one = Float64Array.of(1);
  const series = { steps: one, times: one, values: one };
  const long = seriesOf({ n: 600, seed: 1, values: "noise", steps: "each", times: "stalling" });
  const builder = new OverviewBuilder(600);
  builder.add(long.steps, long.times, long.values);
  const extremes = extremesOf(builder.finish(), 250);
  for (const [samples, method, field] of [
    [1, "minmax", "samples"],
    [2.5, "lttb", "samples"],
    [Number.NaN, "lttb", "samples"],
    ["9", "lttb", "samples"],
    [9, "average", "method"],
    [9, undefined, "method"],
  ] as [number, SampleMethod, string][]) {
    const refusal = expect.objectContaining({ code: "INVALID_ARGUMENT", field });
    expect(() => sampleSeries(series, samples, method)).toThrow(refusal);
    expect(() => sampleExtremes(extremes, samples, method)).toThrow(refusal);
  }
});
