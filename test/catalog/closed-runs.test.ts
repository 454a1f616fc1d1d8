import { describe, expect, test } from "vitest";
import type { MemoryBackend } from "../../src/backends/memory/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { ClosedRuns } from "../../src/catalog/closed-runs.ts";
import { type Backend, type Ledger, openLedger } from "../../src/index.ts";
import { countingBackend, recordingBackend } from "../../src/testing/index.ts";
import { record } from "../filter/rows.ts";
import { objectsOnly } from "../journal/records.ts";

async function finished(ledger: Ledger, runs: number, experiment = "default"): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < runs; i++) {
    const run = await ledger.startRun({ experiment, environment: false, params: { i } });
    run.log({ loss: i });
    await run.finish();
    ids.push(run.id);
  }
  return ids;
}

test("a ledger reads closed runs once, until something changes about them", async () => {
  const backend = recordingBackend(objectsOnly());
  const writer = await openLedger(backend);
  const ids = (await Promise.all(["a", "b", "c"].map((experiment) => finished(writer, 5, experiment)))).flat();
  const reader = await openLedger(backend);
  /** The runs that a search reads objects of. */
  const reads = async (): Promise<string[]> => {
    backend.calls.splice(0);
    const { runs } = await reader.searchRuns({ view: "all", limit: 100 });
    await reader.close();
    const keys = backend.calls.map(({ key }) => key).filter((key) => key.startsWith("runs/"));
    for (const run of runs) expect(run).toEqual(await writer.getRun(run.id));
    expect(runs.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    return [...new Set(keys.map((key) => key.split("/")[1]!))].toSorted();
  };
  expect(await reads()).toEqual(ids.toSorted());
  expect(await reads()).toEqual([]);
  await writer.deleteRun(ids[0]!);
  expect(await reads()).toEqual([ids[0]]);
  expect(await reads()).toEqual([]);
  await writer.restoreRun(ids[0]!);
  expect(await reads()).toEqual([ids[0]]);
  const resumed = await writer.resumeRun(ids[1]!);
  resumed.log({ loss: -1 });
  await resumed.flush();
  // An open run may change at any time.
  for (let round = 0; round < 2; round++) expect(await reads()).toEqual([ids[1]]);
  await resumed.finish();
  expect(await reads()).toEqual([ids[1]]);
  expect(await reads()).toEqual([]);
  ids.push(...(await finished(writer, 1, "a")));
  expect(await reads()).toEqual([ids.at(-1)]);
});

test("runs that moved to a segment are forgotten, and segments are made from what is stored", async () => {
  const backend = countingBackend(objectsOnly());
  const writer = await openLedger(backend);
  await finished(writer, 7);
  const reader = await openLedger(backend);
  await reader.searchRuns();
  await finished(writer, 1);
  backend.reset();
  expect((await reader.searchRuns()).runs).toHaveLength(8);
  await reader.close();
  // The new run for the answer, the others for the segment.
  expect(backend.counters).toMatchObject({ list: 1, read: 8, create: 2, remove: 16 });
  expect((await reader.searchRuns()).runs).toHaveLength(8);
});

/** Finishes runs with these ids, and a param that says in which generation. */
async function begun(backend: Backend, generation: number, ids: readonly string[]): Promise<void> {
  const ledger = await openLedger(backend);
  for (const id of ids) await (await ledger.startRun({ id, environment: false, params: { generation } })).finish();
}

/** Removes everything, as `rm -rf` does, below the eyes of open ledgers. */
async function removeAll(backend: Backend): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of backend.list("")) keys.push(key);
  for (const key of keys) await backend.remove(key);
}

describe("a run that is removed by hand and begun again under its id", () => {
  const ids = Array.from({ length: 7 }, (_, i) => `fold-${i}`);
  const generations = async (ledger: Ledger): Promise<unknown[]> =>
    (await ledger.searchRuns({ limit: 100 })).runs.map(({ params }) => params["generation"]);

  test("is read again if a search came between", async () => {
    const backend = objectsOnly();
    await begun(backend, 1, ids);
    const reader = await openLedger(backend);
    expect(await generations(reader)).toEqual(ids.map(() => 1));
    await removeAll(backend);
    expect(await generations(reader)).toEqual([]);
    await begun(backend, 2, ids);
    expect(await generations(reader)).toEqual(ids.map(() => 2));
    await reader.close();
  });

  test("never comes to a segment as it was", async () => {
    const backend = objectsOnly();
    await begun(backend, 1, ids);
    const reader = await openLedger(backend);
    await reader.searchRuns();
    await removeAll(backend);
    await begun(backend, 2, [...ids, "fold-7"]);
    await reader.searchRuns();
    await reader.close();
    await reader.compactCatalog();
    for (const ledger of [reader, await openLedger(backend)])
      expect(await generations(ledger)).toEqual([...ids, "fold-7"].map(() => 2));
  });
});

test("what a caller does to a record changes no other answer, and nothing that is stored", async () => {
  const backend: MemoryBackend = memoryBackend();
  const writer = await openLedger(backend);
  await finished(writer, 8);
  const reader = await openLedger(backend as Backend);
  const { runs } = await reader.searchRuns();
  for (const run of runs) (run.params as { i: unknown }).i = "changed";
  const again = await reader.searchRuns();
  await reader.close();
  const { runs: stored } = await (await openLedger(backend)).searchRuns();
  for (const found of [again.runs, stored])
    expect(found.map(({ params }) => params["i"])).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
});

describe("memory", () => {
  const entries = { keys: [], open: 0, closed: 1, marked: 0 };
  const row = (id: string): { record: ReturnType<typeof record>; document: number; marker: number } => ({
    record: record({ id, note: "x".repeat(900) }),
    document: 1,
    marker: 0,
  });

  test("is bounded: what recent calls need stays, older rows make room", () => {
    const closed = new ClosedRuns(10_000);
    const kept = (): string[] =>
      Array.from({ length: 40 }, (_, i) => `r${i}`).filter((id) => closed.get(id, entries) !== undefined);
    closed.begin();
    for (let i = 0; i < 20; i++) closed.add(row(`r${i}`), entries);
    const first = kept();
    expect(first.length).toBeGreaterThan(3);
    expect(first.length).toBeLessThan(11);
    expect(first[0]).toBe("r0");
    // A call that needs more than there is room for reads the rest each time.
    closed.begin();
    expect(kept()).toEqual(first);
    for (let i = 10; i < 20; i++) closed.add(row(`r${i}`), entries);
    expect(kept()).toEqual(first);
    closed.begin();
    closed.begin();
    for (let i = 30; i < 40; i++) closed.add(row(`r${i}`), entries);
    expect(kept()).toEqual(Array.from({ length: first.length }, (_, i) => `r${30 + i}`));
    closed.forget("r30");
    expect(kept()).not.toContain("r30");
  });

  test("another state of the run is not in it", () => {
    const closed = new ClosedRuns();
    closed.begin();
    for (const other of [{ open: 1 }, { closed: 2 }, { marked: 1 }, { open: -1 }]) {
      closed.add(row("r"), entries);
      expect(closed.get("r", entries)).toBeDefined();
      expect(closed.get("r", { ...entries, ...other })).toBeUndefined();
      expect(closed.get("r", entries)).toBeUndefined();
    }
  });
});
