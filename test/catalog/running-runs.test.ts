import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger, type RunRecord } from "../../src/index.ts";
import { countingBackend } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { readsOfKnownRun } from "./request-formula.ts";

async function found(ledger: Ledger): Promise<RunRecord[]> {
  const { runs } = await ledger.searchRuns({ limit: 100 });
  return runs;
}

/** Expects that a ledger which has searched before finds the same as a new one. */
async function expectCurrent(reader: Ledger, backend: Backend): Promise<RunRecord[]> {
  const runs = await found(reader);
  const fresh = await found(await openLedger(backend));
  expect(runs).toEqual(fresh);
  return runs;
}

describe("a running run on an object store", () => {
  test("a search takes 2 requests for each: a listing and its newest object", async () => {
    const backend = countingBackend(objectsOnly());
    const writer = await openLedger(backend);
    const runs = await Promise.all([0, 1, 2].map(async () => await writer.startRun({ params: { lr: 0.1 } })));
    for (const run of runs) {
      run.setNote("before the first search");
      await run.flush();
    }
    const reader = await openLedger(backend);
    await found(reader);
    for (let i = 0; i < 35; i++) {
      for (const run of runs) {
        run.log({ loss: i, [`only${i}`]: i });
        if (i % 7 === 0) run.setTags({ at: String(i) });
        await run.flush();
      }
      backend.reset();
      const read = await found(reader);
      // The first request lists the catalogue.
      expect(backend.counters.requests).toBeLessThanOrEqual(1 + readsOfKnownRun(1) * runs.length);
      expect(read.map(({ metrics }) => metrics["loss"]?.count)).toEqual([i + 1, i + 1, i + 1]);
      if (i % 12 === 0) await expectCurrent(reader, backend);
    }
    backend.reset();
    await found(reader);
    expect(backend.counters).toMatchObject({ list: 1 + runs.length, requests: 1 + runs.length });
  });

  test.each([4, 5, 16, 17, 64, 90])("a first search takes 2 requests for a run of %i flushes", async (flushes) => {
    const backend = countingBackend(objectsOnly());
    const run = await (await openLedger(backend)).startRun({ params: { lr: 0.1 } });
    for (let i = 0; i < flushes; i++) {
      run.log({ loss: i, [`only${i % 9}`]: i });
      if (i % 7 === 0) run.setTags({ at: String(i) });
      await run.flush();
    }
    const reader = await openLedger(backend);
    backend.reset();
    const read = await found(reader);
    // The first request lists the catalogue.
    expect(backend.counters).toMatchObject({ requests: 1 + 2 });
    expect(read).toEqual([await reader.getRun(run.id)]);
  });

  test("so it does after the run was resumed, until a fence shuts the writer out", async () => {
    const backend = countingBackend(objectsOnly());
    const writer = await openLedger(backend);
    const first = await writer.startRun({ params: { lr: 0.1 } });
    first.log({ loss: 1 });
    await first.finish();
    const shared = await writer.resumeRun(first.id);
    const reader = await openLedger(backend);
    for (let i = 0; i < 20; i++) {
      shared.log({ loss: i });
      shared.setTags({ at: String(i) });
      await shared.flush();
      backend.reset();
      const [run] = await found(reader);
      if (i > 0) expect(backend.counters.requests).toBeLessThanOrEqual(3);
      expect(run).toMatchObject({ status: "running", tags: { at: String(i) } });
    }
    const other = await (await openLedger(backend)).resumeRun(first.id, { mode: "exclusive" });
    other.log({ loss: -1 });
    await other.flush();
    expect(await expectCurrent(reader, backend)).toMatchObject([
      { metrics: { loss: { count: 22, min: { value: -1 } } } },
    ]);
    await other.finish();
    expect(await expectCurrent(reader, backend)).toMatchObject([{ status: "finished" }]);
  });

  test("many flushes since the last search", async () => {
    const backend = countingBackend(objectsOnly());
    const run = await (await openLedger(backend)).startRun();
    const flush = async (): Promise<void> => {
      run.log({ loss: 1 });
      await run.flush();
    };
    await flush();
    const reader = await openLedger(backend);
    await found(reader);
    for (const flushes of [1, 2, 3, 5, 21, 4, 1, 16, 5]) {
      for (let i = 0; i < flushes; i++) await flush();
      backend.reset();
      await found(reader);
      expect(backend.counters.requests).toBeLessThanOrEqual(1 + readsOfKnownRun(flushes));
    }
    expect(await expectCurrent(reader, backend)).toMatchObject([{ metrics: { loss: { count: 59 } } }]);
  });

  test("several writers, in any order", async () => {
    const backend = objectsOnly();
    const first = await (await openLedger(backend)).startRun();
    const second = await (await openLedger(backend)).resumeRun(first.id, { mode: "join" });
    const reader = await openLedger(backend);
    for (let i = 0; i < 40; i++) {
      const run = (i * 7) % 5 < 2 ? first : second;
      run.log({ loss: i }, { step: i });
      if (i % 3 === 0) run.setParams({ [`p${i}`]: { nested: i } });
      await run.flush();
      if (i % 4 !== 1) await expectCurrent(reader, backend);
    }
    expect(await expectCurrent(reader, backend)).toMatchObject([{ metrics: { loss: { count: 40 } } }]);
  });

  test("what a caller does to a record changes no later one", async () => {
    const backend = objectsOnly();
    await (await (await openLedger(backend)).startRun({ params: { list: [1, { a: 2 }] } })).flush();
    const reader = await openLedger(backend);
    const [run] = await found(reader);
    (run!.params as { list: unknown[] }).list.length = 0;
    expect(await expectCurrent(reader, backend)).toMatchObject([{ params: { list: [1, { a: 2 }] } }]);
  });

  test("a lost object is a damage, and none once it is back", async () => {
    const backend = objectsOnly();
    const run = await (await openLedger(backend)).startRun();
    for (let i = 0; i < 6; i++) {
      run.log({ loss: i });
      await run.flush();
    }
    const reader = await openLedger(backend);
    await found(reader);
    const keys: string[] = [];
    for await (const { key } of backend.list(`runs/${run.id}/journal`)) keys.push(key);
    const lost = keys.find((key) => key.endsWith("3-4"))!;
    // The objects before it, too, because they hold the same.
    const before = keys.filter((key) => key <= lost);
    const kept = await Promise.all(before.map(async (key) => await backend.read(key)));
    for (const key of before) await backend.remove(key);
    expect((await expectCurrent(reader, backend))[0]!.damage).toMatchObject([{ kind: "missing" }]);
    for (const [i, key] of before.entries()) await backend.create(key, kept[i]!);
    expect(await expectCurrent(reader, backend)).toMatchObject([{ damage: [], metrics: { loss: { count: 6 } } }]);
  });

  test("a run that was removed by hand and begun with the same id is another one", async () => {
    const backend = objectsOnly();
    const reader = await openLedger(backend);
    for (const generation of [1, 2]) {
      const run = await (await openLedger(backend)).startRun({ id: "same", params: { generation } });
      run.log({ loss: generation });
      await run.flush();
      expect(await expectCurrent(reader, backend)).toMatchObject([{ params: { generation } }]);
      const keys: string[] = [];
      for await (const { key } of backend.list(`runs/${run.id}`)) keys.push(key);
      for (const key of keys) await backend.remove(key);
    }
  });
});

test("where segments grow, a search reads them again", async () => {
  const backend = countingBackend(memoryBackend());
  const run = await (await openLedger(backend)).startRun();
  const reader = await openLedger(backend);
  for (let i = 0; i < 5; i++) {
    run.log({ loss: i });
    await run.flush();
    expect(await expectCurrent(reader, backend)).toMatchObject([{ metrics: { loss: { count: i + 1 } } }]);
  }
  backend.reset();
  await found(reader);
  expect(backend.counters.read).toBe(0);
});
