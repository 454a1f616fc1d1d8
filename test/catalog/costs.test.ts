import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger, type RunQuery } from "../../src/index.ts";
import {
  countingBackend,
  type CountingBackend,
  createTestClock,
  recordingBackend,
  seededIds,
} from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";

async function open(backend: Backend, seed = 1): Promise<Ledger> {
  const clock = createTestClock();
  return await openLedger(backend, { clock, ids: seededIds(seed, () => clock.now() + seed * 100_000) });
}

async function finished(ledger: Ledger, runs: number, experiment = "default"): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < runs; i++) {
    const run = await ledger.startRun({ experiment, environment: false, params: { i }, tags: { t: String(i % 3) } });
    run.log({ loss: i });
    await run.finish();
    ids.push(run.id);
  }
  return ids;
}

/** Requests of a search by a ledger that has nothing in memory, and of the same search again. */
async function requests(backend: CountingBackend, query: RunQuery): Promise<[first: number, again: number]> {
  const ledger = await open(backend, 9);
  const count = async (): Promise<number> => {
    backend.reset();
    expect((await ledger.searchRuns(query)).runs.length).toBeGreaterThan(0);
    return backend.counters.requests;
  };
  return [await count(), await count()];
}

test("a run costs two requests for the catalogue, each further session two, each deletion one", async () => {
  const backend = recordingBackend(objectsOnly());
  const ledger = await open(backend);
  const own = (): string[] =>
    backend.calls
      .splice(0)
      .flatMap(({ operation, key }) =>
        key.startsWith("experiments") ? [`${operation} ${key.replace(/.*\//, "").replace(/^[^.]*/, "")}`] : [],
      );
  own();
  const [id] = await finished(ledger, 1);
  expect(own().toSorted()).toEqual(["create .c0001", "create .o0000"]);
  await (await ledger.resumeRun(id!)).finish();
  expect(own().toSorted()).toEqual(["create .c0002", "create .o0001"]);
  await ledger.deleteRun(id!);
  await ledger.deleteRun(id!);
  await ledger.restoreRun(id!);
  expect(own()).toEqual(["create .m0001", "create .m0002"]);
});

test("a search of runs in a segment takes few requests, however many runs there are", async () => {
  const backend = countingBackend(objectsOnly());
  const ledger = await open(backend);
  await finished(ledger, 200);
  await ledger.searchRuns();
  await ledger.close();
  const queries: RunQuery[] = [
    {},
    { filter: "metrics.loss < 100 AND tags.t = '1'", orderBy: "metrics.loss" },
    { orderBy: ["params.i", "tags.t"], limit: 10_000 },
    { experiment: "default", filter: "params.i = 1 OR params.i = 7" },
  ];
  for (const query of queries) {
    const [first, again] = await requests(backend, query);
    console.info(`search over a segment of 200 runs: ${first} requests, then ${again}: ${JSON.stringify(query)}`);
    expect(first).toBeLessThanOrEqual(6);
    // A list, and the records.
    expect(again).toBeLessThanOrEqual(4);
  }
});

test("each loose run adds a request, and compaction one to write and two to remove for each of them", async () => {
  const backend = countingBackend(objectsOnly());
  const ledger = await open(backend);
  await finished(ledger, 20);
  await ledger.searchRuns();
  await ledger.close();
  const [none] = await requests(backend, {});
  await finished(ledger, 7);
  const [seven] = await requests(backend, {});
  expect(seven).toBe(none + 7);
  await finished(ledger, 1);
  backend.reset();
  const searcher = await open(backend, 8);
  await searcher.searchRuns();
  await searcher.close();
  const { create, remove, read, list } = backend.counters;
  expect({ create, list }).toEqual({ create: 1, list: 1 });
  // Two entries of each of eight runs, and the segment that was merged.
  expect(remove).toBe(17);
  expect(read).toBeLessThanOrEqual(8 + 8);
});

test("a run is rewritten a bounded number of times, however many come after it", async () => {
  const inner = memoryBackend();
  const ledger = await open(inner);
  let written = 0;
  const before = new Set<string>();
  for (let round = 0; round < 40; round++) {
    await finished(ledger, 8);
    await ledger.searchRuns({ limit: 1 });
    await ledger.close();
    for (const [key, bytes] of inner.snapshot()) {
      if (!key.includes("/segments/") || before.has(key)) continue;
      before.add(key);
      written += bytes.length;
    }
  }
  const segments = [...inner.snapshot()].filter(([key]) => key.includes("/segments/"));
  const stored = segments.reduce((sum, [, { length }]) => sum + length, 0);
  console.info(`320 runs: ${segments.length} segments, ${(written / stored).toFixed(1)} times written`);
  expect(segments.length).toBeLessThanOrEqual(6);
  // Each time after its segment has grown by at least a third.
  expect(written / stored).toBeLessThan(15);
  expect((await ledger.searchRuns({ limit: 1000 })).runs).toHaveLength(320);
});
