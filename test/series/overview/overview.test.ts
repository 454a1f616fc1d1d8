import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LedgerError } from "../../../src/errors/ledger-error.ts";
import { RunDeflate } from "../../../src/parquet/deflate/run-deflate.ts";
import { decodeExtremes } from "../../../src/series/overview/overview-reader.ts";
import { encodeOverview } from "../../../src/series/overview/overview-writer.ts";
import { OverviewBuilder, type SeriesOverview } from "../../../src/series/overview/overview-builder.ts";
import type { Series } from "../../../src/series/series.ts";
import { recipes, seriesOf } from "../odd-series.ts";
import { same } from "../same.ts";
import { extremesOf } from "../extremes-of.ts";
import { cases } from "../../rounds.ts";

function overviewOf({ steps, times, values }: Series, slice = values.length): SeriesOverview {
  const builder = new OverviewBuilder(values.length);
  for (let at = 0; at < values.length; at += slice) {
    const end = at + slice;
    builder.add(steps.subarray(at, end), times.subarray(at, end), values.subarray(at, end));
  }
  return builder.finish();
}

const point = ({ steps, times, values }: Series, i: number): [number, number, number] => [
  values[i]!,
  steps[i]!,
  times[i]!,
];

/** Word for word what a bucket is said to be. */
function bucketByDefinition(series: Series, from: number, to: number): Record<string, unknown> {
  const indices = Array.from({ length: to - from }, (_, i) => from + i);
  const numbers = indices.filter((i) => !Number.isNaN(series.values[i]));
  const value = (i: number): number => series.values[i]!;
  const min = numbers.find((i) => numbers.every((j) => value(i) <= value(j)));
  const max = numbers.find((i) => numbers.every((j) => value(i) >= value(j)));
  const nan = indices.find((i) => Number.isNaN(value(i)));
  const before = nan === undefined ? [] : [min, max].filter((i) => i !== undefined && i < nan);
  return {
    ...(nan !== undefined && { firstNaN: [before.length, series.steps[nan], series.times[nan]] }),
    ...(min !== undefined &&
      max !== undefined && { min: point(series, min), max: point(series, max), minFirst: min <= max }),
  };
}

test("a bucket is as the format says, for any slices of the series", () => {
  fc.assert(
    fc.property(recipes(1, 2500), fc.integer({ min: 1, max: 3000 }), (recipe, slice) => {
      const series = seriesOf(recipe);
      const { n } = recipe;
      const overview = overviewOf(series, slice);
      const { extremes: e } = overview;
      const buckets = Math.min(n, 500);
      expect(e.buckets).toBe(buckets);
      expect([overview.n, Object.values(overview.first), Object.values(overview.last)]).toEqual([
        n,
        point(series, 0),
        point(series, n - 1),
      ]);
      for (let b = 0; b < buckets; b++) {
        const from = Number((BigInt(b) * BigInt(n)) / BigInt(buckets));
        const to = Number((BigInt(b + 1) * BigInt(n)) / BigInt(buckets));
        expect({
          ...(e.nanPlaces[b] !== 3 && { firstNaN: [e.nanPlaces[b], e.nanSteps[b], e.nanTimes[b]] }),
          ...(e.has(b) && {
            min: [e.minValues[b], e.minSteps[b], e.minTimes[b]],
            max: [e.maxValues[b], e.maxSteps[b], e.maxTimes[b]],
            minFirst: e.minFirst[b] === 1,
          }),
        }).toEqual(bucketByDefinition(series, from, to));
      }
    }),
    { numRuns: cases(60) },
  );
});

test("extremes, ends, steps, times and the first NaNs are exact", () => {
  fc.assert(
    fc.property(recipes(501, 3000), (recipe) => {
      const overview = overviewOf(seriesOf(recipe));
      const { n } = recipe;
      const [coarse, fine] = encodeOverview(overview, new RunDeflate());
      expect(same(decodeExtremes(n, 250, coarse), extremesOf(overview, 250))).toBe(true);
      expect(same(decodeExtremes(n, 500, fine), extremesOf(overview, 500))).toBe(true);
    }),
    { numRuns: cases(300) },
  );
});

test("a series like many takes few bytes", () => {
  const sizes = (values: string): number[] => {
    const recipe = { n: 100_000, seed: 1, values, steps: "each", times: "stalling" };
    return encodeOverview(overviewOf(seriesOf(recipe)), new RunDeflate()).map(({ length }) => length);
  };
  const [coarse32 = 0, fine32 = 0] = sizes("noise");
  expect(coarse32).toBeLessThan(4500);
  expect(coarse32 + fine32).toBeLessThan(10_000);
  const [coarse64 = 0, fine64 = 0] = sizes("noise64");
  expect(coarse64).toBeLessThan(6800);
  expect(coarse64 + fine64).toBeLessThan(12_000);
});

test("a part never inflates to more than its limit", () => {
  const bomb = gzipSync(new Uint8Array(10_000_000));
  expect(() => decodeExtremes(1000, 250, bomb)).toThrow("too large");
  // The same, said to be less.
  new DataView(bomb.buffer, bomb.byteOffset).setUint32(bomb.length - 4, 5000, true);
  expect(() => decodeExtremes(1000, 250, bomb)).toThrow(RangeError);
});

test("parts with anything in them decode to something or to a RangeError", () => {
  const overview = overviewOf(seriesOf({ n: 700, seed: 5, values: "noise64", steps: "ragged", times: "stalling" }));
  const parts = encodeOverview(overview, new RunDeflate()).map((part) => gunzipSync(part));
  const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 9 }), fc.nat({ max: 99 }), (changes, lost) => {
      for (const [i, level] of [250, 500].entries()) {
        const bytes = parts[i]!;
        const damaged = bytes.slice(0, lost > 9 ? bytes.length : bytes.length - lost);
        for (const [at, mask] of changes) damaged[at % damaged.length]! ^= mask;
        try {
          const { points } = decodeExtremes(700, level as 250 | 500, gzipSync(damaged, { level: 1 }));
          expect(points.values).toHaveLength(2 * level + 2);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }
    }),
    { numRuns: cases(200) },
  );
});

test("a wrong number of points, or steps that are not integers, are refused", () => {
  const one = Float64Array.of(1);
  const refused = (act: () => unknown): boolean => {
    try {
      act();
      return false;
    } catch (error) {
      return LedgerError.hasCode(error, "INVALID_ARGUMENT");
    }
  };
  expect(refused(() => new OverviewBuilder(0))).toBe(true);
  expect(refused(() => new OverviewBuilder(1.5))).toBe(true);
  expect(refused(() => new OverviewBuilder(2).finish())).toBe(true);
  expect(refused(() => new OverviewBuilder(1).add(one, one, Float64Array.of(1, 2)))).toBe(true);
  expect(
    refused(() => new OverviewBuilder(1).add(Float64Array.of(1, 2), Float64Array.of(1, 2), Float64Array.of(1, 2))),
  ).toBe(true);
  const half = new OverviewBuilder(1);
  half.add(Float64Array.of(0.5), one, one);
  expect(refused(() => encodeOverview(half.finish(), new RunDeflate()))).toBe(true);
});
