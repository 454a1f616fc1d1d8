import { expect, test } from "vitest";
import { openLedger } from "../../src/index.ts";
import { countingBackend, createTestClock, seededIds } from "../../src/testing/index.ts";
import { png } from "../media/pictures.ts";
import { objectsOnly } from "../journal/records.ts";

/** A file of 6 kB that begins as a PNG does. */
function imageOf(n: number): Uint8Array {
  const bytes = new Uint8Array(6000);
  bytes.set(png(4, 4));
  new DataView(bytes.buffer).setUint32(5996, n);
  return bytes;
}

/** Requests of a run of an hour on an object store with default options, from opening the ledger to the end of `finish()`. */
async function hour(everyMs: number | undefined): Promise<{ requests: number; looks: number; removals: number }> {
  const clock = createTestClock();
  const backend = countingBackend(objectsOnly());
  const ledger = await openLedger(backend, { clock, ids: seededIds(1, () => clock.now()) });
  const run = await ledger.startRun();
  const stepMs = everyMs ?? 60_000;
  for (let ms = 0; ms < 3_600_000; ms += stepMs) {
    if (everyMs !== undefined) run.log({ loss: Math.sin(ms), accuracy: Math.cos(ms) });
    await clock.advance(stepMs);
  }
  await run.finish();
  if (everyMs !== undefined) expect((await ledger.getRun(run.id)).metrics["loss"]?.count).toBe(3_600_000 / everyMs);
  const { requests, stat, remove } = backend.counters;
  return { requests, looks: stat, removals: remove };
}

test("an hour that logs every half second costs at most 400 requests, and at most 200 looks for a fence", async () => {
  const { requests, looks } = await hour(500);
  expect(requests - looks).toBeLessThanOrEqual(400);
  // One a flush.
  expect(looks).toBeGreaterThan(100);
  expect(looks).toBeLessThanOrEqual(200);
});

test("an idle hour costs at most 150 requests: the signs of life, and the removal of those that others repeat", async () => {
  const { requests, removals } = await hour(undefined);
  expect(requests - removals).toBeLessThanOrEqual(150);
  expect(requests - removals).toBeGreaterThan(50);
  expect(removals).toBeLessThanOrEqual(75);
});

test("an hour that logs an image every ten seconds besides costs at most 450 requests", async () => {
  const clock = createTestClock();
  const backend = countingBackend(objectsOnly());
  const ledger = await openLedger(backend, { clock, ids: seededIds(1, () => clock.now()) });
  const run = await ledger.startRun();
  for (let seconds = 0; seconds < 3600; seconds++) {
    run.log({ loss: Math.sin(seconds) });
    if (seconds % 10 === 0) void run.logImage("sample", imageOf(seconds));
    await clock.advance(1000);
    // Hashing needs real turns of the event loop.
    if (seconds % 10 === 0) for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  }
  await run.finish();
  const { requests, stat } = backend.counters;
  expect(requests - stat).toBeLessThanOrEqual(450);
  expect(await ledger.media(run.id)).toHaveLength(360);
});
