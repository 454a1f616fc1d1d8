import { expect, test } from "vitest";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { LedgerError, openLedger } from "../../../src/index.ts";
import { type FaultMode, faultyBackend } from "../../../src/testing/index.ts";
import { finished, isRight } from "../../catalog/many-experiments.ts";
import { rounds, stride } from "../../rounds.ts";

const MODES: readonly FaultMode[] = [
  "crash-before",
  "crash-after",
  "torn",
  "error-before",
  "lost-ack",
  "late",
  "stale-list",
];
const EXPERIMENTS = 17;
/** One in so many operations goes wrong. */
const EVERY = stride(181, 7);

/** Small experiments that a joint segment repeats, and runs of all of them that are in no segment yet. */
async function makeContents(): Promise<ReadonlyMap<string, Uint8Array>> {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  for (let e = 0; e < EXPERIMENTS; e++) await finished(ledger, 2, `e${e}`);
  await ledger.compactCatalog();
  for (let e = 0; e < EXPERIMENTS; e++) await finished(ledger, 2, `e${e}`);
  const [run] = (await ledger.searchRuns({ experiment: "e5" })).runs;
  await ledger.deleteRun(run!.id);
  return backend.snapshot();
}

test.each(MODES.slice(0, rounds(3, 7)))(
  "%s at any operation of the tidying: every run is found once, as it is",
  { timeout: 300_000 },
  async (mode) => {
    const contents = await makeContents();
    let at = 1 + MODES.indexOf(mode) * 11;
    let places = 0;
    for (; ; at += EVERY) {
      const inner = memoryBackend();
      inner.restore(contents);
      const backend = faultyBackend(inner, { mode, at });
      const ledger = await openLedger(backend, { onError: () => {} }).catch((error: unknown) => {
        if (!LedgerError.is(error)) throw error;
      });
      await ledger?.searchRuns().catch(() => {});
      await ledger?.close();
      await backend.settle();
      const told: LedgerError[] = [];
      await isRight(inner, told);
      expect(told, `${mode} at ${at}`).toEqual([]);
      const after = await openLedger(inner, { onError: (error) => told.push(error) });
      await after.compactCatalog();
      await isRight(inner, told);
      expect(told, `${mode} at ${at}`).toEqual([]);
      expect([...inner.snapshot().keys()].filter((key) => key.includes("/entries/"))).toEqual([]);
      places++;
      if (at > backend.operations.count) break;
    }
    expect(places).toBeGreaterThan(1);
  },
);

test("two ledgers tidy at the same time, others write: every run is found once, as it is", async () => {
  const inner = memoryBackend();
  inner.restore(await makeContents());
  const told: LedgerError[] = [];
  const ledgers = await Promise.all([1, 2, 3].map(() => openLedger(inner, { onError: (error) => told.push(error) })));
  const [first, second, writer] = ledgers;
  for (let round = 0; round < 3; round++) {
    await Promise.all([
      first!.compactCatalog(),
      second!.searchRuns().then(() => second!.close()),
      ...Array.from({ length: EXPERIMENTS }, (_, e) => finished(writer!, 1, `e${e}`)),
    ]);
    await isRight(inner, told);
  }
  expect(told).toEqual([]);
});
