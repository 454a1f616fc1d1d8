import { expect, test } from "vitest";
import { type Ledger, openLedger } from "../../src/index.ts";
import { createTestClock, createTestLedger, seededIds } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";

const code = (expected: string): object => expect.objectContaining({ code: expected });

test("writers that join keep all points of all, and the record is rebuilt when one comes late", async () => {
  const { ledger, backend, clock } = await createTestLedger();
  const first = await ledger.startRun({ params: { a: 1 } });
  first.log({ loss: 1 });
  await first.flush();
  const other = await openLedger(backend, { clock, ids: seededIds(2, () => clock.now()) });
  const second = await other.resumeRun(first.id);
  second.log({ loss: 2 });
  second.setParams({ b: 2 });
  expect(() => second.setParams({ a: 3 })).toThrow(code("PARAM_CONFLICT"));
  await second.flush();
  first.log({ loss: 3 });
  await first.finish();
  expect(await ledger.getRun(first.id)).toMatchObject({
    status: "finished",
    params: { a: 1, b: 2 },
    metrics: { loss: { count: 3 } },
  });
  second.log({ loss: 4 });
  await second.flush();
  expect(await ledger.getRun(first.id)).toMatchObject({
    status: "finished",
    metrics: { loss: { count: 4, last: { value: 4 } } },
  });
  await second.finish("failed");
  expect(await ledger.getRun(first.id)).toMatchObject({ status: "failed", metrics: { loss: { count: 4 } } });
  expect([...(await ledger.history(first.id, "loss")).values].sort()).toEqual([1, 2, 3, 4]);
});

test("a finished run that is resumed runs again, and its steps go on", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  run.log({ a: 1 });
  run.log({ a: 1 });
  await run.finish();
  const again = await ledger.resumeRun(run.id);
  expect((await ledger.getRun(run.id)).status).toBe("running");
  again.log({ a: 1 });
  await again.finish();
  expect([...(await ledger.history(run.id, "a")).steps]).toEqual([0, 1, 2]);
  await expect(ledger.resumeRun("nobody")).rejects.toThrow(code("RUN_NOT_FOUND"));
  await expect(ledger.resumeRun(run.id, { mode: "alone" as never })).rejects.toThrow(code("INVALID_ARGUMENT"));
});

test("recover closes a run whose writer shows no progress, once, and leaves one that lives", async () => {
  const { ledger, backend, clock } = await createTestLedger();
  const here = await ledger.startRun();
  // A snapshot is a place in which nobody writes any more.
  const { memoryBackend } = await import("../../src/backends/memory/index.ts");
  here.log({ a: 1 });
  await here.flush();
  const dead = memoryBackend();
  dead.restore(backend.snapshot());
  const after = await openLedger(dead, { clock, ids: seededIds(3, () => clock.now()) });
  expect(await after.recover()).toEqual({ interrupted: [here.id], running: [] });
  expect(await after.getRun(here.id)).toMatchObject({ status: "interrupted", metrics: { a: { count: 1 } } });
  expect(await after.recover()).toEqual({ interrupted: [], running: [] });

  const watcher = await openLedger(backend, { clock, ids: seededIds(4, () => clock.now()) });
  expect(await watcher.recover(here.id)).toEqual({ interrupted: [], running: [here.id] });
  expect(await ledger.recover(here.id)).toEqual({ interrupted: [], running: [here.id] });
  await here.finish();
});

test("a writer that was only slow makes an interrupted run go on", async () => {
  const { ledger, backend, clock } = await createTestLedger();
  const run = await ledger.startRun();
  run.log({ a: 1 });
  await run.flush();
  const other = await openLedger(backend, { clock, ids: seededIds(5, () => clock.now()) });
  expect(await other.recover(run.id, { graceMs: 0 })).toEqual({ interrupted: [run.id], running: [] });
  expect((await other.getRun(run.id)).status).toBe("interrupted");
  run.log({ a: 2 });
  await run.flush();
  expect((await other.getRun(run.id)).status).toBe("running");
  await run.finish();
  expect(await other.getRun(run.id)).toMatchObject({ status: "finished", metrics: { a: { count: 2 } } });
});

test("after a clash of writer ids every point counts once, in the document as in the journals", async () => {
  const place = objectsOnly();
  const clock = createTestClock();
  const open = async (): Promise<Ledger> => await openLedger(place, { clock, ids: seededIds(9, () => clock.now()) });
  const begun = await (await openLedger(place, { clock, ids: seededIds(1, () => clock.now()) })).startRun();
  // Two copies of one machine: the same ids, the same bytes, until they part.
  const ledgers = [await open(), await open()] as const;
  const [a, b] = await Promise.all([ledgers[0].resumeRun(begun.id), ledgers[1].resumeRun(begun.id)]);
  for (const run of [a, b]) {
    run.log({ m: 1 }, { step: 1 });
    await run.flush();
  }
  a.log({ m: 2 }, { step: 2 });
  await a.flush();
  b.log({ m: 3 }, { step: 3 });
  await b.flush();
  await b.finish();
  const ledger = await open();
  expect([...(await ledger.history(begun.id, "m")).values]).toEqual([1, 2, 3]);
  const record = await ledger.getRun(begun.id);
  expect(record.metrics["m"]).toMatchObject({ count: 3, mean: 2 });
  await place.remove(`runs/${begun.id}/run.json`);
  expect(await ledger.getRun(begun.id)).toEqual(record);
});
