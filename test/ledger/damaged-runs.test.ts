import { describe, expect, test } from "vitest";
import { type Ledger, openLedger } from "../../src/index.ts";
import { memoryBackend, type MemoryBackend } from "../../src/backends/memory/index.ts";

async function list(backend: MemoryBackend, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of backend.list(prefix)) keys.push(key);
  return keys;
}

/** A run with an open journal of five flushes, of which the last frame has a changed bit. */
async function damagedRun(ledger: Ledger, backend: MemoryBackend, experiment = "e"): Promise<string> {
  const run = await ledger.startRun({ experiment, environment: false });
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 100; j++) run.log({ a: i * 100 + j });
    await run.flush();
  }
  const [key] = await list(backend, `runs/${run.id}/journal`);
  const bytes = await backend.read(key!);
  bytes[bytes.length - 20]! ^= 1;
  await backend.remove(key!);
  await backend.create(key!, bytes);
  return run.id;
}

async function closed(ledger: Ledger, count: number, experiment = "e"): Promise<void> {
  for (let i = 0; i < count; i++) {
    const run = await ledger.startRun({ experiment, environment: false });
    run.log({ a: 1 });
    await run.finish();
  }
}

describe("runs that lost records", () => {
  test("are named by summaries and searches, also when they do not fit, and in no other experiment", async () => {
    const backend = memoryBackend();
    const writer = await openLedger(backend, { onError: () => {} });
    const id = await damagedRun(writer, backend);
    await closed(writer, 3);
    await closed(writer, 1, "other");
    const ledger = await openLedger(backend);
    const named = [{ id, error: { code: "CORRUPT", key: expect.stringContaining(`runs/${id}/journal/`) } }];
    expect((await ledger.summarise({ metrics: ["a"] })).damaged).toMatchObject(named);
    expect((await ledger.searchRuns()).damaged).toMatchObject(named);
    const none = await ledger.searchRuns({ experiment: "e", filter: "metrics.a = 499", fields: ["name"] });
    expect(none.runs).toEqual([]);
    expect(none.damaged).toMatchObject(named);
    expect(await ledger.searchRuns({ experiment: "other" })).not.toHaveProperty("damaged");
    expect(await ledger.summarise({ experiment: "other" })).not.toHaveProperty("damaged");
  });

  test("stay named once they are closed, when others move to a segment, and when the catalogue is made again", async () => {
    const backend = memoryBackend();
    const writer = await openLedger(backend, { onError: () => {} });
    const id = await damagedRun(writer, backend);
    await (await openLedger(backend)).recover(id, { graceMs: 0 });
    await closed(writer, 10);
    for (let i = 0; i < 3; i++) {
      const ledger = await openLedger(backend);
      expect((await ledger.getRun(id)).status).toBe("interrupted");
      expect((await ledger.summarise({ metrics: ["a"] })).damaged?.map((run) => run.id)).toEqual([id]);
      await ledger.close();
      expect((await list(backend, "experiments/e/segments")).length).toBe(1);
      if (i === 1) await ledger.rebuildCatalog();
    }
  });
});

test("a run whose first object is gone or damaged has what its document says", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, { onError: () => {} });
  const run = await ledger.startRun({ environment: false });
  await run.logText("note", "words");
  run.log({ a: 1 });
  await run.flush();
  await backend.remove(`runs/${run.id}/run.created.json`);
  await expect(ledger.media(run.id)).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await run.finish();
  await backend.remove(`runs/${run.id}/run.created.json`);
  for (const isDamaged of [false, true]) {
    if (isDamaged) await backend.create(`runs/${run.id}/run.created.json`, new Uint8Array(9));
    expect((await ledger.getRun(run.id)).status).toBe("finished");
    expect([...(await ledger.history(run.id, "a")).values]).toEqual([1]);
    expect(await ledger.media(run.id)).toMatchObject([{ key: "note", type: "text" }]);
  }
  await backend.remove(`runs/${run.id}/run.json`);
  for (const read of [ledger.getRun(run.id), ledger.media(run.id)])
    await expect(read).rejects.toMatchObject({ code: "CORRUPT" });
});

test("a device name is the id of no run", async () => {
  const ledger = await openLedger(memoryBackend());
  for (const id of ["con", "NUL", "lpt1"]) {
    const missing = { code: "RUN_NOT_FOUND" };
    await expect(ledger.getRun(id)).rejects.toMatchObject(missing);
    await expect(ledger.history(id, "a")).rejects.toMatchObject(missing);
    await expect(ledger.deleteRun(id)).rejects.toMatchObject(missing);
    await expect(ledger.media(id)).rejects.toMatchObject(missing);
  }
});
