import * as zlib from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32 } from "../../src/bytes/crc32.ts";
import {
  flushInterval,
  flushIsDue,
  flushPolicy,
  LONGEST_INTERVAL_MS,
  retryDelay,
} from "../../src/journal/flush-policy.ts";
import { definitionOf, matchesGlob } from "../../src/journal/metric-glob.ts";
import { findConflict, mergeParams } from "../../src/journal/params.ts";
import { mergeSummaries, Summaries, type SummaryState, toMetricSummary } from "../../src/journal/metric-summary.ts";
import { ByteReader, unzigzag, writeVarint, zigzag } from "../../src/bytes/varint.ts";

test("crc32 is that of gzip, whole or continued", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
      const at = Math.min(cut, bytes.length);
      const whole = crc32(bytes);
      expect(crc32(bytes, at, bytes.length, crc32(bytes, 0, at))).toBe(whole);
      // The last eight bytes of a gzip member: CRC and length.
      const gzip = zlib.gzipSync(bytes);
      expect(whole).toBe(gzip.readUInt32LE(gzip.length - 8));
    }),
  );
});

test("varints and zigzag numbers come back", () => {
  const buffer = new Uint8Array(16);
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const end = writeVarint(buffer, 0, value);
      const reader = new ByteReader(buffer, 0, end);
      expect(reader.varint()).toBe(value);
      expect(reader.atEnd).toBe(true);
    }),
  );
  const delta = fc.oneof(
    fc.integer(),
    fc.maxSafeInteger().filter((value) => Math.abs(value) < 2 ** 52),
    fc.constantFrom(2 ** 52 - 1, 1 - 2 ** 52),
  );
  fc.assert(fc.property(delta, (value) => unzigzag(zigzag(value)) === value));
});

test("a number that is cut off or too long is refused", () => {
  expect(() => new ByteReader(Uint8Array.of(0x80)).varint()).toThrow(RangeError);
  expect(() => new ByteReader(new Uint8Array(12).fill(0xff)).varint()).toThrow(RangeError);
  expect(() => new ByteReader(new Uint8Array(3)).float32()).toThrow(RangeError);
});

test("a glob means what the regular expression for it means", () => {
  const part = fc.constantFrom("a", "b", "/", "*", "**", "ab");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), fc.stringMatching(/^[ab/]{0,8}$/), (parts, name) => {
      const pattern = parts.join("");
      const source = pattern.replace(/\*\*|\*/g, (stars) => (stars === "**" ? ".*" : "[^/]*"));
      expect(matchesGlob(pattern, name)).toBe(new RegExp(`^${source}$`).test(name));
    }),
    { numRuns: 1000 },
  );
  expect(definitionOf("val/loss", { "val/*": { goal: "minimize", unit: "x" }, "val/loss": { unit: "nats" } })).toEqual({
    goal: "minimize",
    unit: "nats",
  });
});

test("params merge by leaf, and another value is a conflict", () => {
  const params = { optimizer: { name: "adam" }, layers: [1, 2] };
  expect(findConflict(params, { optimizer: { lr: 1 }, layers: [1, 2] })).toBeUndefined();
  expect(findConflict(params, { optimizer: { name: "sgd" } })).toBe("optimizer.name");
  expect(findConflict(params, { layers: [2, 1] })).toBe("layers");
  expect(findConflict({ a: Number.NaN }, { a: Number.NaN })).toBeUndefined();
  expect(findConflict({ a: 0, b: 5 }, { a: -0, b: 5n })).toBeUndefined();
  expect(findConflict({ a: 2 ** 60 }, { a: 2n ** 60n + 1n })).toBe("a");
  mergeParams(params, { optimizer: { lr: 1 } });
  expect(params).toEqual({ optimizer: { name: "adam", lr: 1 }, layers: [1, 2] });
});

const summarise = (values: readonly number[], stepOf = (i: number): number => i): SummaryState | undefined => {
  const summaries = new Summaries();
  for (const [i, value] of values.entries()) summaries.add([0], Float64Array.of(value), stepOf(i), i * 10);
  return summaries.get(0);
};

test("the last point is the one with the greatest step, and of several the last, also of merged summaries", () => {
  const steps = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 2, maxLength: 9 });
  fc.assert(
    fc.property(steps, fc.nat(), (list, cut) => {
      const points = list.map((step, i) => ({ value: i, step, time: i * 10 }));
      const last = points.toSorted((a, b) => a.step - b.step).at(-1);
      const values = points.map(({ value }) => value);
      expect(summarise(values, (i) => list[i]!)?.last).toEqual(last);
      const at = 1 + (cut % (list.length - 1));
      const [first, second] = [0, at].map((from, half) =>
        summarise(half === 0 ? values.slice(0, at) : values.slice(at), (i) => list[from + i]!),
      ) as [SummaryState, SummaryState];
      const { value, step } = mergeSummaries(first, second).last;
      expect([value, step]).toEqual([last?.value, last?.step]);
    }),
  );
});

test("a summary equals one computed from all values", () => {
  const anyValue = fc.oneof(fc.double({ min: -1e6, max: 1e6 }), fc.constantFrom(Number.NaN, Infinity, -Infinity, -0));
  fc.assert(
    fc.property(fc.array(anyValue, { minLength: 1, maxLength: 40 }), (values) => {
      const { last, min, max, mean, count } = toMetricSummary(summarise(values) as SummaryState);
      const numbers = values.filter((value) => !Number.isNaN(value));
      expect(count).toBe(values.length);
      expect(last).toEqual({ value: values.at(-1), step: values.length - 1, time: (values.length - 1) * 10 });
      expect(min?.step).toBe(numbers.length ? values.findIndex((value) => value === Math.min(...numbers)) : undefined);
      expect(max?.step).toBe(numbers.length ? values.findIndex((value) => value === Math.max(...numbers)) : undefined);
      const naive = values.reduce((sum, value) => sum + value, 0) / values.length;
      if (Number.isFinite(naive)) expect(mean).toBeCloseTo(naive, 6);
      else expect(mean).toBe(naive);
    }),
  );
});

test("the mean keeps the precision that plain addition loses", () => {
  const { mean } = toMetricSummary(summarise([1e16, 1, -1e16, 1]) as SummaryState);
  expect(mean).toBe(0.5);
});

test("two halves merged are the whole", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 30 }),
      fc.nat(28),
      (values, cut) => {
        const at = 1 + (cut % (values.length - 1));
        const whole = toMetricSummary(summarise(values) as SummaryState);
        const merged = toMetricSummary(
          mergeSummaries(
            summarise(values.slice(0, at)) as SummaryState,
            summarise(values.slice(at), (i) => at + i) as SummaryState,
          ),
        );
        expect(merged.mean).toBe(whole.mean);
        expect(merged.count).toBe(whole.count);
        expect(merged.min?.value).toBe(whole.min?.value);
        expect(merged.max?.value).toBe(whole.max?.value);
        expect(merged.last.value).toBe(whole.last.value);
      },
    ),
  );
});

test("an hour where each flush is an object costs fewer than 300 flushes", () => {
  const policy = flushPolicy(undefined, false);
  let flushes = 0;
  for (let age = 0; age < 3_600_000; age += flushInterval(policy, age)) flushes++;
  expect(flushes).toBeLessThan(300);
  expect(flushInterval(policy, 1e12)).toBe(LONGEST_INTERVAL_MS);
  expect(flushInterval(flushPolicy({ intervalMs: 7 }, false), 1e12)).toBe(7);
  expect(flushInterval(flushPolicy(undefined, true), 1e12)).toBe(1000);
});

test("points and bytes start a flush; failures wait longer each time, up to half a minute", () => {
  const policy = flushPolicy({ maxPoints: 10, maxBytes: 100 }, true);
  expect(flushIsDue(policy, { points: 9, bytes: 99 })).toBe(false);
  expect(flushIsDue(policy, { points: 10, bytes: 0 })).toBe(true);
  expect(flushIsDue(policy, { points: 0, bytes: 100 })).toBe(true);
  expect([1, 2, 3, 20].map(retryDelay)).toEqual([500, 1000, 2000, 30_000]);
  for (const flush of [{ intervalMs: 0 }, { maxPoints: -1 }, { maxBytes: "1" }, { whenFull: "block" }, 5]) {
    expect(() => flushPolicy(flush as never, true)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  }
});
