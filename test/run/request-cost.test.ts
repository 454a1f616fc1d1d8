import { expect, test } from "vitest";
import { openLedger } from "../../src/index.ts";
import { countingBackend, createTestClock, seededIds } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";

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
