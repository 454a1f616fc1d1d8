import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Ledger, type LedgerError, openLedger, type StartRunOptions } from "../../src/index.ts";
import { createTestClock, seededIds } from "../../src/testing/index.ts";

/** A ledger whose runs are all in segments, and the errors that it reported. */
async function compacted(
  runs: readonly StartRunOptions[],
  now?: () => number,
): Promise<{ ledger: Ledger; ids: string[]; told: LedgerError[]; segments: () => number }> {
  const backend = memoryBackend();
  const clock = createTestClock();
  const told: LedgerError[] = [];
  const ledger = await openLedger(backend, {
    clock: now ?? clock,
    ids: seededIds(1, () => clock.now()),
    onError: (error) => told.push(error),
  });
  const ids: string[] = [];
  for (const options of runs) {
    const run = await ledger.startRun({ environment: false, ...options });
    await run.finish();
    ids.push(run.id);
  }
  await ledger.searchRuns();
  await ledger.close();
  const keys = (): string[] => [...backend.snapshot().keys()];
  expect(keys().filter((key) => key.includes("/entries/"))).toEqual([]);
  return { ledger, ids, told, segments: () => keys().filter((key) => key.includes("/segments/")).length };
}

async function found(ledger: Ledger, filter: string): Promise<string[]> {
  return (await ledger.searchRuns({ filter, orderBy: "start_time ASC", limit: 10_000, view: "all" })).runs
    .map(({ id }) => id)
    .toSorted();
}

test("values without a column are found, and so are deletions", async () => {
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`p${i}`, i]));
  const { ledger, ids, told } = await compacted(
    Array.from({ length: 9 }, (_, i) => ({ params: { ...wide, p4999: i, p1: i } })),
  );
  for (let i = 0; i < 8; i++) await ledger.deleteRun(ids[i]!);
  await ledger.searchRuns();
  await ledger.close();
  expect(await found(ledger, "params.p4999 > 5")).toEqual(ids.slice(6));
  expect(await found(ledger, "params.p1 > 5")).toEqual(ids.slice(6));
  expect((await ledger.searchRuns()).runs.map(({ id }) => id)).toEqual(ids.slice(8));
  expect((await ledger.searchRuns({ view: "deleted" })).runs).toHaveLength(8);
  expect(told).toEqual([]);
});

test("thousands of params that are now numbers and now texts and booleans", async () => {
  const { ledger, ids, told, segments } = await compacted(
    Array.from({ length: 9 }, (_, i) => ({
      params: Object.fromEntries(Array.from({ length: 3990 }, (_, p) => [`p${p}`, [i, String(i), true][(i + p) % 3]])),
    })),
  );
  expect(await found(ledger, "params.p0 = true")).toEqual([ids[2], ids[5], ids[8]]);
  expect(await found(ledger, "params.p3989 > 1")).toEqual([4, 7].map((i) => ids[i]));
  expect(told).toEqual([]);
  expect(segments()).toBe(1);
});

test("halves of surrogate pairs, in keys and values of params", async () => {
  const { ledger, ids, told, segments } = await compacted(
    Array.from({ length: 9 }, (_, i) => ({
      params: { "\uD800": i, "\uD801": 2 * i, text: i % 2 ? "\uD800" : "\uFFFD", plain: "a" },
    })),
  );
  expect(await found(ledger, "params.plain = 'a'")).toEqual(ids);
  expect(await found(ledger, "params.text = '\uFFFD'")).toEqual(ids.filter((_, i) => i % 2 === 0));
  const { runs } = await ledger.searchRuns({ orderBy: "start_time ASC", limit: 1 });
  expect(runs[0]!.params).toEqual((await ledger.getRun(runs[0]!.id)).params);
  expect(told).toEqual([]);
  expect(segments()).toBe(1);
});

test("a clock with fractions of a millisecond", async () => {
  let time = 1000.25;
  const { ledger, ids, told, segments } = await compacted(
    Array.from({ length: 9 }, () => ({})),
    () => (time += 0.5),
  );
  const { runs } = await ledger.searchRuns({ orderBy: "start_time ASC" });
  expect(runs.map(({ id }) => id)).toEqual(ids);
  expect(runs[0]!.startTime % 1).not.toBe(0);
  expect(told).toEqual([]);
  expect(segments()).toBe(1);
});

test("a run whose beginning is damaged is still found by its document, even after a rebuild of the catalogue", async () => {
  const backend = memoryBackend();
  const clock = createTestClock();
  const ledger = await openLedger(backend, { clock, ids: seededIds(1, () => clock.now()) });
  const run = await ledger.startRun({ environment: false });
  await run.finish();
  await backend.remove(`runs/${run.id}/run.created.json`);
  await backend.create(`runs/${run.id}/run.created.json`, new Uint8Array(9));
  expect(await ledger.rebuildCatalog()).toEqual({ runs: 1 });
  expect((await ledger.searchRuns()).runs.map(({ id }) => id)).toEqual([run.id]);
});
