import { describe, expect, test } from "vitest";
import { GROWTH } from "../../src/catalog/compact-experiment.ts";
import { MAX_SEGMENT_ROWS } from "../../src/catalog/segment-limits.ts";
import { openLedger, type RunQuery } from "runledger";
import { countingBackend, recordingBackend } from "runledger/testing";
import { objectsOnly } from "../journal/records.ts";
import { storeSegment } from "./many-runs.ts";
import {
  GET_RUN_REQUESTS,
  joiningRequests,
  journalSegmentsAtMost,
  LOOSE_AT_MOST,
  LOOSE_OF_ALL_AT_MOST,
  readsOfOpenRun,
  searchRequests,
  segmentsAtMost,
  tidyingRequests,
  UNJOINED_AT_MOST,
} from "./request-formula.ts";

test.each([1, 8, 13, 100, 5000])("segments by the rule of merging, %i runs at a time", (batch) => {
  let segments: number[] = [];
  let most = 0;
  for (let runs = batch; runs <= 300_000; runs += Math.max(batch, 8)) {
    let rows = Math.max(batch, 8);
    segments.sort((a, b) => a - b);
    const end = segments.findIndex((each) => {
      const stays = each > GROWTH * rows || each + rows > MAX_SEGMENT_ROWS;
      if (!stays) rows += each;
      return stays;
    });
    segments = [rows, ...(end < 0 ? [] : segments.slice(end))];
    most = Math.max(most, segments.length - segmentsAtMost(segments.reduce((sum, each) => sum + each, 0)));
  }
  expect(most).toBeLessThanOrEqual(0);
});

describe("the cost of a search is within the formula", () => {
  test("runs that come and go", { timeout: 180_000 }, async () => {
    const backend = countingBackend(objectsOnly());
    const writer = await openLedger(backend);
    const note = Array.from({ length: 2000 }, () => Math.random()).join();
    for (let i = 0; i < 125; i++) {
      const run = await writer.startRun({ experiment: "e", note, params: { i } });
      run.log({ loss: i % 7 });
      await run.finish();
      if (i % 10 === 9) {
        await writer.searchRuns({ experiment: "e" });
        await writer.close();
      }
    }
    const open = await writer.startRun({ experiment: "e" });
    const flushes = 20;
    for (let i = 0; i < flushes; i++) {
      open.log({ loss: i });
      await open.flush();
    }
    const keys: string[] = [];
    for await (const { key } of backend.list("experiments/e")) keys.push(key);
    const segments = keys.filter((key) => key.includes("/segments/")).length;
    const closed = keys.filter((key) => /\.c\d+$/.test(key)).length;
    expect(segments).toBeLessThanOrEqual(segmentsAtMost(125));
    expect(closed).toBe(5);
    expect(closed).toBeLessThanOrEqual(LOOSE_AT_MOST);
    const bound = {
      keys: keys.length,
      segments,
      closed,
      open: [readsOfOpenRun({ journalSegments: journalSegmentsAtMost(flushes, 0) })],
    };
    const queries: RunQuery[] = [
      {},
      { orderBy: "metrics.loss", limit: 20 },
      { filter: "params.i > 3", fields: ["name"] },
    ];
    for (const query of queries) {
      const ledger = await openLedger(backend);
      backend.reset();
      await ledger.searchRuns({ experiment: "e", ...query });
      await ledger.close();
      expect(backend.counters.requests).toBeLessThanOrEqual(searchRequests(bound));
      backend.reset();
      await ledger.searchRuns({ experiment: "e", ...query });
      await ledger.close();
      // Footers, columns and the offset index are in memory now.
      const again = searchRequests({ ...bound, segments: 0, asked: 0, answering: segments }) - segments;
      expect(backend.counters.requests).toBeLessThanOrEqual(again);
    }
    backend.reset();
    await (await openLedger(backend)).summarise({ experiment: "e", groupBy: ["params.i"], metrics: ["loss"] });
    expect(backend.counters.requests).toBeLessThanOrEqual(searchRequests({ ...bound, answering: 0 }));
  });

  test("all of many small experiments, as runs come", { timeout: 180_000 }, async () => {
    const backend = recordingBackend(objectsOnly());
    const writer = await openLedger(backend);
    for (let i = 0; i < 110; i++) {
      const run = await writer.startRun({ experiment: `e${(i * 7) % 23}`, environment: false, params: { i } });
      run.log({ loss: i % 7 });
      await run.finish();
      if (i % 10 !== 9) continue;
      await writer.searchRuns({ limit: 1 });
      await writer.close();
      const keys: string[] = [];
      for await (const { key } of backend.list("experiments")) keys.push(key);
      const closed = keys.filter((key) => /\.c\d+$/.test(key)).length;
      expect(closed).toBeLessThanOrEqual(LOOSE_OF_ALL_AT_MOST);
      const ledger = await openLedger(backend);
      backend.calls.splice(0);
      expect((await ledger.searchRuns({ orderBy: "metrics.loss", limit: 1000 })).runs).toHaveLength(i + 1);
      const opened = new Set(backend.calls.map(({ key }) => key).filter((key) => key.endsWith(".parquet")));
      const joint = keys.filter((key) => key.includes("/=joint/")).length;
      expect(opened.size).toBeLessThanOrEqual(joint + UNJOINED_AT_MOST);
      const bound = { keys: keys.length, segments: joint + UNJOINED_AT_MOST, closed };
      expect(backend.calls.length).toBeLessThanOrEqual(searchRequests(bound));
    }
    let joint = 0;
    for await (const _ of backend.list("experiments/=joint")) joint++;
    expect(joint).toBeGreaterThan(0);
  });

  test("many experiments in joint segments: searches of all and of one, getRun, and tidying", async () => {
    const [experiments, rows] = [150, 20];
    const backend = countingBackend(objectsOnly());
    await openLedger(backend);
    for (let e = 0; e < experiments; e++) {
      const parts = Array.from({ length: rows }, (_, i) => {
        const place = e * rows + i;
        return [`r${String(place).padStart(6, "0")}`, { params: { i }, metrics: { loss: [(place * 7919) % 3000] } }];
      }) as Parameters<typeof storeSegment>[2];
      await storeSegment(backend, 1, parts, { experiment: `e${e}` });
    }
    const keysNow = async (): Promise<string[]> => {
      const keys: string[] = [];
      for await (const { key } of backend.list("experiments")) keys.push(key);
      return keys;
    };
    const requestsOf = async (call: () => Promise<unknown>): Promise<number> => {
      backend.reset();
      await call();
      return backend.counters.requests;
    };

    const tidier = await openLedger(backend);
    const before = (await keysNow()).length;
    const joining = await requestsOf(() => tidier.compactCatalog());
    const keys = await keysNow();
    const joint = keys.filter((key) => key.includes("/=joint/")).length;
    // All of 3,000 rows fit into one.
    expect(joint).toBe(1);
    expect(keys).toHaveLength(before + joint);
    expect(joining).toBeLessThanOrEqual(joiningRequests({ keys: before, small: experiments, made: joint }));
    // Each segment is opened once.
    expect(joining).toBeGreaterThan(experiments);

    const all: RunQuery = { filter: "params.i < 10", orderBy: "metrics.loss", limit: 20 };
    const one: RunQuery = { ...all, experiment: "e7", limit: 5 };
    const inJoint = { keys: keys.length, segments: joint, closed: 0 };
    const inOne = { keys: 2, segments: 1, closed: 0 };
    const ledger = await openLedger(backend);
    expect(await requestsOf(() => ledger.searchRuns(all))).toBeLessThanOrEqual(searchRequests(inJoint));
    const again = { ...inJoint, segments: 0, asked: 0, answering: joint };
    expect(await requestsOf(() => ledger.searchRuns(all))).toBeLessThanOrEqual(searchRequests(again) - 1);
    const other = await openLedger(backend);
    expect(await requestsOf(() => other.searchRuns(one))).toBeLessThanOrEqual(searchRequests(inOne));
    const oneAgain = { ...inOne, segments: 0, asked: 0, answering: 1 };
    expect(await requestsOf(() => other.searchRuns(one))).toBeLessThanOrEqual(searchRequests(oneAgain) - 1);

    const closed = LOOSE_AT_MOST + 1;
    let id = "";
    for (let i = 0; i < closed; i++) {
      const run = await tidier.startRun({ experiment: "e7", environment: false, params: { i } });
      run.log({ loss: i });
      await run.finish();
      ({ id } = run);
    }
    const reader = await openLedger(backend);
    expect(await requestsOf(() => reader.getRun(id))).toBeLessThanOrEqual(GET_RUN_REQUESTS);
    const loose = await requestsOf(() => other.searchRuns(one));
    expect(loose).toBeLessThanOrEqual(searchRequests({ ...oneAgain, keys: 2 + 2 * closed, closed }));
    const tidying = await requestsOf(() => other.close());
    expect(tidying).toBeLessThanOrEqual(tidyingRequests(closed));
    expect(tidying).toBeGreaterThan(2 * closed);
    const after = { keys: (await keysNow()).length, segments: joint + 1, closed: 0 };
    expect(await requestsOf(async () => (await openLedger(backend)).searchRuns(all))).toBeLessThanOrEqual(
      searchRequests(after),
    );
  });

  test("20 of 10,000 in one segment", { timeout: 180_000 }, async () => {
    const backend = countingBackend(objectsOnly());
    await openLedger(backend);
    const parts = Array.from({ length: 10_000 }, (_, i) => {
      const params = { i, long: Array.from({ length: 20 }, () => Math.random()).join() };
      return [`r${String(i).padStart(6, "0")}`, { params, metrics: { loss: [(i * 7919) % 10_000] } }] as const;
    });
    await storeSegment(backend, 1, parts);
    const ledger = await openLedger(backend);
    backend.reset();
    const { runs } = await ledger.searchRuns({ experiment: "default", orderBy: "metrics.loss", limit: 20 });
    expect(runs.map(({ metrics }) => metrics["loss"]?.last.value)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(backend.counters.requests).toBeLessThanOrEqual(searchRequests({ keys: 1, segments: 1, closed: 0 }));
  });
});
