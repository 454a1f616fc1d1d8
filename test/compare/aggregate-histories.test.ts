import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LedgerError } from "runledger";
import { aggregateHistories, type HistorySource } from "runledger/compare";
import { createTestLedger } from "runledger/testing";
import { intoBins } from "../../src/compare/aggregate-runs.ts";
import { inOneGo } from "../../src/platform/event-loop.ts";

type Point = readonly [step: number, value: number];

/** Returns a ledger with a closed run for each list of points of `m`. */
async function ledgerWith(...runs: (readonly Point[])[]) {
  const { ledger } = await createTestLedger();
  const ids: string[] = [];
  for (const points of runs) {
    const run = await ledger.startRun();
    for (const [step, m] of points) run.log({ m }, { step });
    await run.finish();
    ids.push(run.id);
  }
  return { ledger, ids };
}

/** Returns what reads histories of these points, without a ledger. */
function sourceOf(runs: readonly (readonly Point[])[]): { ledger: HistorySource; ids: string[] } {
  const histories = runs.map((points) => {
    const sorted = [...points].sort(([a], [b]) => a - b);
    const steps = Float64Array.from(sorted, ([step]) => step);
    return { steps, times: steps, values: Float64Array.from(sorted, ([, value]) => value) };
  });
  const ledger = {
    history: async (id: string) => histories[Number(id)]!,
    getRun: async () => ({ startTime: 0 }),
  };
  return { ledger, ids: runs.map((_, i) => String(i)) };
}

/** The same statistics, computed point by point from a map of each run. */
function model(runs: (readonly Point[])[], quantiles: readonly number[]) {
  const maps = runs.map((points) => new Map([...points].sort(([a], [b]) => a - b)));
  const x = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b);
  return x.map((at) => {
    const all = maps.flatMap((map) => (map.has(at) ? [map.get(at)!] : []));
    const values = all.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    const n = values.length;
    const mean = values.reduce((sum, value) => sum + value, 0) / n;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
    const quantile = (q: number): number => {
      if (n === 0) return Number.NaN;
      const place = (n - 1) * q;
      const low = values[Math.floor(place)]!;
      const high = values[Math.ceil(place)]!;
      return low === high ? low : low + (high - low) * (place % 1);
    };
    return { at, n, nans: all.length - n, mean, std: Math.sqrt(variance), quantiles: quantiles.map(quantile) };
  });
}

/** `toBeCloseTo` refuses NaN. */
function expectClose(value: number, expected: number): void {
  if (Number.isNaN(expected)) expect(value).toBeNaN();
  else expect(value).toBeCloseTo(expected, 9);
}

describe("aggregateHistories", () => {
  test("equals a plain model: any steps, repeated ones, NaN; whatever the order of the ids", async () => {
    const value = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(Number.NaN));
    const run = fc.array(fc.tuple(fc.integer({ min: -5, max: 40 }), value), { minLength: 1, maxLength: 60 });
    const quantiles = [0, 0.1, 0.5, 1];
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 6 }), async (runs) => {
        const { ledger, ids } = sourceOf(runs);
        const result = await aggregateHistories(ledger, ids, "m", { quantiles });
        const expected = model(runs, quantiles);
        expect([...result.x]).toEqual(expected.map(({ at }) => at));
        expect([...result.counts]).toEqual(expected.map(({ n }) => n));
        expect([...result.nans]).toEqual(expected.map(({ nans }) => nans));
        for (const [i, { n, mean, std, quantiles: wanted }] of expected.entries()) {
          expectClose(result.mean[i]!, n === 0 ? Number.NaN : mean);
          expectClose(result.std[i]!, n < 2 ? Number.NaN : std);
          for (const [j, each] of wanted.entries()) expectClose(result.quantiles[j]!.values[i]!, each);
          expect(result.min[i]).toBe(result.quantiles[0]!.values[i]);
          expect(result.max[i]).toBe(result.quantiles[3]!.values[i]);
        }
        const { runs: told, ...other } = await aggregateHistories(ledger, [...ids].reverse(), "m", { quantiles });
        const { runs: _, ...same } = result;
        expect(other).toEqual(same);
        expect(told.map(({ id }) => id)).toEqual([...ids].reverse());
      }),
      { numRuns: 200 },
    );
  });

  test("names runs that end early and runs without the metric", async () => {
    const { ledger, ids } = await ledgerWith(
      [
        [0, 1],
        [1, 2],
        [2, 3],
      ],
      [
        [0, 3],
        [0, 5],
      ],
      [],
    );
    const { runs, missing, x, counts, mean, std } = await aggregateHistories(ledger, [...ids, ids[0]!], "m");
    expect(runs).toEqual([
      { id: ids[0], points: 3, first: 0, last: 2, endsEarly: false, withoutX: 0 },
      { id: ids[1], points: 1, first: 0, last: 0, endsEarly: true, withoutX: 0 },
    ]);
    expect(missing).toEqual([ids[2]]);
    expect([[...x], [...counts], [...mean], [...std]]).toEqual([
      [0, 1, 2],
      [2, 1, 1],
      [3, 2, 3],
      [Math.sqrt(8), Number.NaN, Number.NaN],
    ]);
    expect(await aggregateHistories(ledger, ids, "m", { from: 1, to: 1 })).toMatchObject({
      x: Float64Array.of(1),
      missing: ids.slice(1),
    });
    expect((await aggregateHistories(ledger, ids, "other")).missing).toEqual(ids);
    expect((await aggregateHistories(ledger, [], "m")).x).toHaveLength(0);
  });

  test("infinities, huge and tiny values", async () => {
    const rows = [
      [1, 2, Infinity],
      [-Infinity, 3, Infinity],
      [1e308, 1.5e308, 1.7e308],
      [1e-320, 3e-320, 5e-320],
      [0.1, 0.1, 0.1],
    ];
    const { ledger, ids } = await ledgerWith(
      ...[0, 1, 2].map((i) => rows.map((row, step) => [step, row[i]!] as const)),
    );
    const { mean, std, min, max, quantiles } = await aggregateHistories(ledger, ids, "m", { quantiles: [0.5, 0.75] });
    expect([mean[0], mean[1], mean[3], mean[4]]).toEqual([Infinity, Number.NaN, 3e-320, 0.1]);
    expect(mean[2]! / 1e308).toBeCloseTo(1.4, 12);
    expect(std[2]! / 1e308).toBeCloseTo(Math.sqrt(0.13), 12);
    expect([std[0], std[1], std[4]]).toEqual([Number.NaN, Number.NaN, 0]);
    expect(std[3]).toBeCloseTo(2e-320, 322);
    expect([min[1], max[1], quantiles[0]!.values[1], quantiles[1]!.values[1]]).toEqual([
      -Infinity,
      Infinity,
      3,
      Infinity,
    ]);
  });

  test("by a metric: its values are x, also where they go back; points without it are counted", async () => {
    const { ledger } = await createTestLedger();
    const ids: string[] = [];
    for (const [epochs, factor] of [
      [[1, 2, 1, 3], 1],
      [[1, 2, 3], 10],
    ] as const) {
      const run = await ledger.startRun();
      run.log({ m: 99 }, { step: -1 });
      for (const [step, epoch] of epochs.entries()) run.log({ epoch, m: factor * step }, { step });
      await run.finish();
      ids.push(run.id);
    }
    const { x, mean, runs } = await aggregateHistories(ledger, ids, "m", { by: "epoch" });
    expect([[...x], [...mean]]).toEqual([
      [1, 2, 3],
      [(2 + 0) / 2, (1 + 10) / 2, (3 + 20) / 2],
    ]);
    expect(runs.map(({ withoutX, points }) => [withoutX, points])).toEqual([
      [1, 3],
      [1, 3],
    ]);
    expect((await aggregateHistories(ledger, ids, "m", { by: "none" })).runs).toEqual(
      ids.map((id, i) => ({ id, points: 0, endsEarly: false, withoutX: [5, 4][i] })),
    );
  });

  test("by time: ms since the start of each run, in bins of which the last point counts", async () => {
    const { ledger } = await createTestLedger();
    const ids: string[] = [];
    for (const startTime of [1000, 500_000]) {
      const run = await ledger.startRun({ startTime });
      for (let i = 0; i <= 10; i++) run.log({ m: i }, { step: i, time: startTime + i * 100 });
      await run.finish("finished", { endTime: startTime + 2000 });
      ids.push(run.id);
    }
    const { x, mean, counts } = await aggregateHistories(ledger, ids, "m", { by: "time", bins: 2 });
    expect([[...x], [...mean], [...counts]]).toEqual([
      [250, 750],
      [4, 10],
      [2, 2],
    ]);
    expect((await aggregateHistories(ledger, ids, "m", { by: "time" })).x).toHaveLength(11);
  });

  test("bins of a range beyond all numbers, of one x, and of infinite ones", () => {
    const binsOf = (x: number[], bins: number) =>
      inOneGo(intoBins([{ x: Float64Array.from(x), values: Float64Array.from(x) }], bins))[0]!.x;
    expect(binsOf([-Number.MAX_VALUE, 0, Number.MAX_VALUE], 2)).toHaveLength(2);
    expect([...binsOf([3], 7)]).toEqual([3]);
    expect(binsOf([-Infinity, Infinity], 3)).toHaveLength(0);
    expect(binsOf([1, 1 + Number.EPSILON], 1_000_000).length).toBeLessThanOrEqual(2);
  });

  test.each([
    [{ by: 3 }, "by"],
    [{ bins: 0 }, "bins"],
    [{ bins: 1e9 }, "bins"],
    [{ quantiles: [0.5, 2] }, "quantiles[1]"],
    [{ quantiles: Array.from({ length: 101 }, () => 0.5) }, "quantiles"],
    [{ from: "1" }, "from"],
    [{ damaged: "x" }, "damaged"],
  ])("%j is refused", async (options, field) => {
    const { ledger, ids } = await ledgerWith([[0, 1]]);
    const error = await aggregateHistories(ledger, ids, "m", options as never).catch((reason: unknown) => reason);
    expect(LedgerError.hasCode(error, "INVALID_ARGUMENT") && error.field).toBe(field);
  });

  test("wrong ledgers, ids and keys; an unknown run; an abort", async () => {
    const { ledger, ids } = await ledgerWith([[0, 1]]);
    const codeOf = (...args: unknown[]): Promise<unknown> =>
      aggregateHistories(...(args as Parameters<typeof aggregateHistories>)).catch((error: LedgerError) =>
        LedgerError.is(error) ? [error.code, error.field] : error,
      );
    expect(await codeOf(undefined, ids, "m")).toEqual(["INVALID_ARGUMENT", "ledger"]);
    expect(await codeOf(ledger, "m", "m")).toEqual(["INVALID_ARGUMENT", "ids"]);
    expect(await codeOf(ledger, ids, 1)).toEqual(["INVALID_ARGUMENT", "key"]);
    expect(await codeOf(ledger, ids, "metrics.m")).toEqual(["INVALID_ARGUMENT", "key"]);
    expect(await codeOf(ledger, [...ids, "none"], "m")).toEqual(["RUN_NOT_FOUND", "id"]);
    expect(await codeOf(ledger, ids, "m", { signal: AbortSignal.abort("stop") })).toBe("stop");
  });
});
