import { expect, test } from "vitest";
import { type Ledger, openLedger, type Run } from "../../src/index.ts";
import { countingBackend, createTestClock, seededIds, type TestClock } from "../../src/testing/index.ts";
import { loadAll } from "../../src/platform/on-demand.ts";
import { png } from "../media/pictures.ts";
import { objectsOnly } from "../journal/records.ts";

/** A file of 6 kB that begins as a PNG does. */
function imageOf(n: number): Uint8Array {
  const bytes = new Uint8Array(6000);
  bytes.set(png(4, 4));
  new DataView(bytes.buffer).setUint32(5996, n);
  return bytes;
}

/** Requests by kind, as an object store charges for them. */
interface Requests {
  readonly put: number;
  /** GET and HEAD, looks for fences included. */
  readonly get: number;
  readonly list: number;
  readonly delete: number;
  readonly all: number;
}

/** Turns of the event loop in which a write that the clock has begun ends. */
const TURNS = 5;

/** Moves the clock, and lets what that begins come to its end, as it does while an hour really passes. */
async function pass(clock: TestClock, ms: number): Promise<void> {
  await clock.advance(ms);
  for (let turn = 0; turn < TURNS; turn++) await new Promise(setImmediate);
}

/** Returns the requests from opening a ledger to the end of `finish()` of a run with default options. */
async function requestsOf(
  log: (run: Run, clock: TestClock) => Promise<void>,
): Promise<Requests & { readonly ledger: Ledger; readonly id: string }> {
  // A write that waits for a file to load takes longer than all of the hour.
  await loadAll();
  const clock = createTestClock();
  const backend = countingBackend(objectsOnly());
  const ledger = await openLedger(backend, { clock, ids: seededIds(1, () => clock.now()) });
  const run = await ledger.startRun();
  await log(run, clock);
  await run.finish();
  const { create, read, stat, list, remove, requests } = backend.counters;
  // No listing here has more than one page.
  expect(create + read + stat + list + remove).toBe(requests);
  return { put: create, get: read + stat, list, delete: remove, all: requests, ledger, id: run.id };
}

function expectAtMost(requests: Requests, most: Requests): void {
  for (const kind of ["put", "get", "list", "delete", "all"] as const)
    expect(requests[kind], kind).toBeLessThanOrEqual(most[kind]);
}

test("an hour that logs every half second costs 530 requests: each flush a PUT, a look for the fence and a DELETE", async () => {
  const { ledger, id, ...requests } = await requestsOf(async (run, clock) => {
    for (let ms = 0; ms < 3_600_000; ms += 500) {
      run.log({ loss: Math.sin(ms), accuracy: Math.cos(ms) });
      await pass(clock, 500);
    }
  });
  expect((await ledger.getRun(id)).metrics["loss"]?.count).toBe(7200);
  expectAtMost(requests, { put: 180, get: 178, list: 2, delete: 172, all: 530 });
  expect(requests.get).toBeGreaterThan(160);
});

test("an idle hour costs at most 193 requests: a PUT, a look and a DELETE for each sign of life", async () => {
  const {
    ledger: _,
    id: __,
    ...requests
  } = await requestsOf(async (_run, clock) => {
    for (let minute = 0; minute < 60; minute++) await pass(clock, 60_000);
  });
  expectAtMost(requests, { put: 68, get: 65, list: 2, delete: 60, all: 193 });
  expect(requests.get).toBeGreaterThan(50);
});

test("an hour that logs an image every ten seconds besides costs at most 606 requests: 77 PUT more", async () => {
  const { ledger, id, ...requests } = await requestsOf(async (run, clock) => {
    for (let seconds = 0; seconds < 3600; seconds++) {
      run.log({ loss: Math.sin(seconds) });
      if (seconds % 10 === 0) void run.logImage("sample", imageOf(seconds));
      await pass(clock, 1000);
    }
  });
  expect(await ledger.media(id)).toHaveLength(360);
  expectAtMost(requests, { put: 258, get: 178, list: 2, delete: 172, all: 606 });
});
