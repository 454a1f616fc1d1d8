import { expect, test } from "vitest";
import { memoryBackend, type MemoryBackend } from "../../src/backends/memory/index.ts";
import { enter, type EntryKind } from "../../src/catalog/catalog-entry.ts";
import { type Ledger, type LedgerError, openLedger } from "../../src/index.ts";
import { createTestClock, seededIds } from "../../src/testing/index.ts";

async function finished(ledger: Ledger, runs: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < runs; i++) {
    const run = await ledger.startRun({ environment: false });
    await run.finish();
    ids.push(run.id);
  }
  return ids;
}

/** A deleted run in a segment, among others. It has no entries any more. */
async function deletedRun(): Promise<{ backend: MemoryBackend; ledger: Ledger; id: string; told: LedgerError[] }> {
  const backend = memoryBackend();
  const clock = createTestClock();
  const told: LedgerError[] = [];
  const ids = seededIds(1, () => clock.now());
  const ledger = await openLedger(backend, { clock, ids, onError: (error) => told.push(error) });
  const [id] = await finished(ledger, 8);
  await ledger.deleteRun(id!);
  await ledger.searchRuns();
  await ledger.close();
  expect([...backend.snapshot().keys()].filter((key) => key.includes("/entries/"))).toEqual([]);
  return { backend, ledger, id: id!, told };
}

// A create whose answer was lost may take effect later. Also, a listing may show an entry that is removed during the
// listing, and then the segment.
test.each<[what: string, entries: [EntryKind, number][]]>([
  ["that it was closed", [["closed", 1]]],
  [
    "that it began and was closed",
    [
      ["open", 0],
      ["closed", 1],
    ],
  ],
  ["that it began", [["open", 0]]],
])("an old entry of a deleted run, %s, does not bring the run back", async (_what, entries) => {
  const { backend, ledger, id, told } = await deletedRun();
  for (const [kind, number] of entries) await enter(backend, "default", id, kind, number);
  for (const more of [0, 8, 8]) {
    await finished(ledger, more);
    // The second time with enough runs to be merged with the segment.
    for (let round = 0; round < 2; round++) {
      expect((await ledger.searchRuns()).runs.map((run) => run.id)).not.toContain(id);
      expect((await ledger.searchRuns({ view: "deleted" })).runs.map((run) => run.id)).toEqual([id]);
      await ledger.close();
    }
  }
  expect([...backend.snapshot().keys()].filter((key) => key.includes("/entries/"))).toEqual([]);
  expect(told).toEqual([]);
});

test("an entry of a run that never began does not affect others, and a run that begins later is found", async () => {
  const { backend, ledger, told } = await deletedRun();
  await enter(backend, "default", "begins-later", "open", 0);
  expect((await ledger.searchRuns()).runs).toHaveLength(7);
  const clock = createTestClock();
  const late = await openLedger(backend, { clock, ids: (kind) => (kind === "run" ? "begins-later" : "w1") });
  await late.startRun({ environment: false });
  expect((await ledger.searchRuns()).runs).toHaveLength(8);
  expect(told).toEqual([]);
});
