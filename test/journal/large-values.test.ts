import fc from "fast-check";
import { expect, test } from "vitest";
import { RunningStats } from "../../src/compare/running-stats.ts";
import { mergeSummaries, Summaries, type SummaryState, toMetricSummary } from "../../src/journal/metric-summary.ts";
import { createTestLedger } from "runledger/testing";

/** A float64 times 2^1074, exactly. */
function scaled(value: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const exponent = (raw >> 52n) & 0x7ffn;
  const fraction = raw & 0xfffffffffffffn;
  const size = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
  return raw >> 63n ? -size : size;
}

/** How far a number is from a fraction of integers scaled by 2^1074, in parts of `unit`. */
function distance(value: number, top: bigint, bottom: bigint, unit: number): number {
  const off = scaled(value) * bottom - top;
  const size = off < 0n ? -off : off;
  return Number((size * 2n ** 80n) / (scaled(unit) * bottom || 1n)) / 2 ** 80;
}

const stateOf = (values: readonly number[]): SummaryState | undefined => {
  const summaries = new Summaries();
  for (const [i, value] of values.entries()) summaries.add([0], Float64Array.of(value), i, i);
  return summaries.get(0);
};

const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(
    1.7e308,
    -1.7e308,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    1e308,
    5e-324,
    -0,
    0,
    1,
    0.35,
    1e9,
    -3.33e306,
  ),
  fc.double({ min: -10, max: 10, noNaN: true }),
);
const values = fc.array(value, { minLength: 1, maxLength: 30 });

test("the mean of points is exact to a rounding of the largest, in any partition", () => {
  fc.assert(
    fc.property(values, fc.nat(30), (all, cut) => {
      const top = all.reduce((sum, each) => sum + scaled(each), 0n);
      // Smaller numbers have fewer digits.
      const largest = Math.max(...all.map(Math.abs), 1e-290);
      const at = Math.min(cut, all.length);
      const [a, b] = [stateOf(all.slice(0, at)), stateOf(all.slice(at))];
      const merged = a && b ? mergeSummaries(a, b) : (a ?? b);
      for (const state of [stateOf(all), merged]) {
        const { mean, count } = toMetricSummary(state as SummaryState);
        expect(count).toBe(all.length);
        expect(distance(mean, top, BigInt(all.length), largest)).toBeLessThan(2 ** -51);
      }
      const stats = new RunningStats();
      for (const each of all) stats.add(each, "r");
      expect(distance(stats.stats().mean!, top, BigInt(all.length), largest)).toBeLessThan(2 ** -51);
    }),
    { numRuns: 2000 },
  );
});

test("a standard deviation neither overflows nor vanishes", () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 2, maxLength: 12 }), (all) => {
      const stats = new RunningStats();
      for (const each of all) stats.add(each, "r");
      // By integers: n * sum of squares less the square of the sum.
      const n = BigInt(all.length);
      const sum = all.reduce((total, each) => total + scaled(each), 0n);
      const squares = all.reduce((total, each) => total + scaled(each) ** 2n, 0n);
      const variance = (n * squares - sum * sum) / (n * (n - 1n));
      const found = stats.stats().std!;
      if (!Number.isFinite(found)) {
        expect(variance > scaled(Number.MAX_VALUE) ** 2n / 2n).toBe(true);
        return;
      }
      const spread = scaled(found) ** 2n;
      const largest = scaled(Math.max(...all.map(Math.abs), 1e-290)) ** 2n;
      const off = spread > variance ? spread - variance : variance - spread;
      expect(Number((off * 2n ** 40n) / largest) / 2 ** 40).toBeLessThan(1e-9);
    }),
    { numRuns: 2000 },
  );
});

test("means of huge values, while a run goes on, once it is closed and in groups", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  for (const value of [1.7e308, 1.7e308]) run.log({ huge: value });
  for (const value of [1e308, -1e308]) run.log({ gone: value });
  for (const value of [1e308, Infinity]) run.log({ infinite: value });
  await run.flush();
  for (let i = 0; i < 2; i++) {
    const { metrics } = await ledger.getRun(run.id);
    expect(metrics["huge"]?.mean).toBe(1.7e308);
    expect(metrics["gone"]?.mean).toBe(0);
    expect(metrics["infinite"]?.mean).toBe(Infinity);
    await run.finish();
  }
  const again = await ledger.resumeRun(run.id);
  again.log({ huge: -1.7e308, gone: 3 });
  await again.finish();
  const { metrics } = await ledger.getRun(run.id);
  expect(metrics["huge"]?.mean).toBeCloseTo(1.7e308 / 3, -300);
  expect(metrics["gone"]?.mean).toBe(1);
  const other = await ledger.startRun();
  other.log({ huge: 1.6e308 });
  await other.finish();
  const [group] = await ledger.summarise({ groupBy: [], metrics: [{ key: "huge", aggregate: "max" }] });
  expect(group?.metrics["huge"]).toMatchObject({ count: 2, mean: expect.closeTo(1.65e308, -300) });
  expect(group?.metrics["huge"]?.std).toBeCloseTo(7.0710678118e306, -300);
  expect((await ledger.history(run.id, "huge", { x: "gone", from: 1e6 })).x).toEqual(new Float64Array(0));
  expect(await ledger.history(run.id, "huge", { from: 1e6 })).not.toHaveProperty("x");
});
