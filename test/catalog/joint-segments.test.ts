import { describe, expect, test } from "vitest";
import { type MemoryBackend, memoryBackend } from "../../src/backends/memory/index.ts";
import { type LedgerError, openLedger, type RunQuery } from "../../src/index.ts";
import { catalogFiles } from "../../src/files/index.ts";
import { countingBackend } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { rounds } from "../rounds.ts";
import { finished, isRight } from "./many-experiments.ts";
import { storeSegment } from "./many-runs.ts";

const EXPERIMENTS = 20;
const RUNS = 3;
const MANY = rounds(100, 1000);
const keysOf = (backend: MemoryBackend, part: string): string[] =>
  [...backend.snapshot().keys()].filter((key) => key.includes(part));

let contents: Promise<ReadonlyMap<string, Uint8Array>> | undefined;

async function makeContents(): Promise<ReadonlyMap<string, Uint8Array>> {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  for (let e = 0; e < EXPERIMENTS; e++) await finished(ledger, RUNS, `e${e}`);
  expect((await ledger.searchRuns({ limit: 1000 })).runs).toHaveLength(EXPERIMENTS * RUNS);
  await ledger.close();
  return backend.snapshot();
}

/** Small experiments whose segments a joint segment repeats, after a search over all of them. */
async function place(): Promise<MemoryBackend> {
  const backend = memoryBackend();
  backend.restore(await (contents ??= makeContents()));
  return backend;
}

test("a search over many small experiments makes a segment for each, and one that repeats them", async () => {
  const backend = await place();
  expect(keysOf(backend, "/entries/")).toEqual([]);
  expect(keysOf(backend, "/segments/")).toHaveLength(EXPERIMENTS);
  expect(keysOf(backend, "/=joint/")).toHaveLength(1);
  await isRight(backend);
  const counting = countingBackend(objectsOnly(backend));
  const ledger = await openLedger(counting);
  counting.reset();
  expect((await ledger.searchRuns({ orderBy: "metrics.loss", limit: 5 })).runs).toHaveLength(5);
  // A listing and the joint segment.
  expect(counting.counters.requests).toBe(2);
  const files = await catalogFiles(ledger);
  expect(files.segments.map(({ key }) => key).toSorted()).toEqual(keysOf(backend, "/segments/"));
});

test("whatever changes afterwards, each run is found once, as it is", async () => {
  const backend = await place();
  const ledger = await openLedger(backend);
  const [, second] = (await ledger.searchRuns({ experiment: "e3" })).runs;
  await ledger.deleteRun(second!.id);
  await isRight(backend);
  await (await ledger.resumeRun((await ledger.searchRuns({ experiment: "e4" })).runs[0]!.id)).finish("failed");
  await isRight(backend);
  // The segment of this experiment is merged with another, so the joint segment has rows that no longer count.
  await finished(ledger, 9, "e7");
  await ledger.searchRuns({ experiment: "e7" });
  await ledger.close();
  expect(keysOf(backend, "experiments/e7/segments/")).toHaveLength(1);
  await isRight(backend);
  await ledger.compactCatalog();
  await isRight(backend);
  await ledger.restoreRun(second!.id);
  await isRight(backend);
  for (let e = 0; e < EXPERIMENTS; e++) await finished(ledger, 2, `e${e}`);
  await ledger.searchRuns();
  await ledger.close();
  expect(keysOf(backend, "/entries/")).toEqual([]);
  expect(keysOf(backend, "/=joint/")).toHaveLength(1);
  await isRight(backend);
  await ledger.rebuildCatalog();
  expect(keysOf(backend, "/=joint/")).toEqual([]);
  await isRight(backend);
});

describe("joint segments are only a copy", () => {
  const harms: { [what: string]: (backend: MemoryBackend, key: string) => Promise<void> } = {
    removed: (backend, key) => backend.remove(key),
    doubled: async (backend, key) => {
      // Two programs at the same time: the same again under another name is refused by its checksum.
      const ledger = await openLedger(backend);
      const bytes = await backend.read(key);
      await backend.remove(key);
      for (let e = 0; e < EXPERIMENTS; e++) await finished(ledger, 1, `e${e}`);
      await ledger.compactCatalog();
      await backend.create(key, bytes);
    },
    "cut off": async (backend, key) => {
      const bytes = await backend.read(key);
      await backend.remove(key);
      await backend.create(key, bytes.subarray(0, 1000));
    },
    damaged: async (backend, key) => {
      const bytes = new Uint8Array(await backend.read(key));
      bytes.fill(7, 100, 3000);
      await backend.remove(key);
      await backend.create(key, bytes);
    },
  };

  test.each(Object.entries(harms))("%s, every search is right all the same", async (what, harm) => {
    const backend = await place();
    const [key] = keysOf(backend, "/=joint/");
    await harm(backend, key!);
    const told: LedgerError[] = [];
    await isRight(backend, told);
    expect(new Set(told.map((error) => `${error.code} ${error.key}`))).toEqual(
      new Set(what === "damaged" || what === "cut off" ? [`CORRUPT ${key}`] : []),
    );
  });

  test("segments that are lost are noticed", async () => {
    const backend = await place();
    const ledger = await openLedger(backend);
    await finished(ledger, 9, "e1");
    await finished(ledger, 40, "e2");
    await ledger.compactCatalog();
    await finished(ledger, 8, "e2");
    await ledger.compactCatalog();
    const [first, ...more] = keysOf(backend, "experiments/e2/segments/");
    expect(more).toHaveLength(1);
    await backend.remove(first!);
    const told: LedgerError[] = [];
    await isRight(backend, told);
    expect(told.map(({ code }) => code)).toContain("CORRUPT");
  });
});

test(`${MANY} experiments of 7 runs: few requests, also at first`, { timeout: 120_000 }, async () => {
  const backend = memoryBackend();
  await openLedger(backend);
  for (let e = 0; e < MANY; e++) {
    const parts = Array.from({ length: 7 }, (_, i) => {
      const id = `r${e}-${i}`;
      return [id, { params: { i }, metrics: { loss: [(e * 7 + i) % 997] } }] as const;
    });
    await storeSegment(backend, 1, parts, { experiment: `e${e}` });
  }
  const tidier = await openLedger(backend);
  await tidier.compactCatalog();
  const counting = countingBackend(objectsOnly(backend));
  const ledger = await openLedger(counting);
  const requests = async (query: RunQuery): Promise<number> => {
    counting.reset();
    expect((await ledger.searchRuns(query)).runs).toHaveLength(20);
    await ledger.close();
    return counting.counters.requests;
  };
  const query = { filter: "metrics.loss > 100", orderBy: "metrics.loss", limit: 20 };
  const counts = [await requests(query), await requests(query), await requests({ limit: 20 })];
  console.info(`requests over ${MANY} experiments of 7 runs: ${counts.join(", ")}`);
  expect(counts[0]).toBeLessThanOrEqual(60);
  expect(counts[1]).toBeLessThanOrEqual(10);
});
