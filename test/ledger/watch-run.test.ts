import { expect, test } from "vitest";
import { type Ledger, type LedgerError, type RunUpdate, openLedger } from "../../src/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import {
  type CountingBackend,
  countingBackend,
  createTestClock,
  type TestClock,
  createTestLedger,
  faultyBackend,
  seededIds,
} from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { forgetCompaction, keepingJournals } from "../run/kept-journals.ts";

const code = (expected: string): object => expect.objectContaining({ code: expected });
const values = (update: RunUpdate | undefined, key: string): number[] => [...(update?.points.get(key)?.values ?? [])];

async function next(updates: AsyncIterator<RunUpdate, void>): Promise<RunUpdate | undefined> {
  const step = await updates.next();
  return step.done === true ? undefined : step.value;
}

/** Lets time pass until `work` is done. */
async function passing<T>(clock: TestClock, work: Promise<T>): Promise<T> {
  let isOver = false;
  const end = (): void => void (isOver = true);
  work.then(end, end);
  while (!isOver) await clock.advance(250);
  return await work;
}

/** What is under way gets as far as it can without time. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("updates hold what is new, the last one the final status; with hints of the backend no timer is needed", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun({ params: { a: 1 } });
  run.log({ loss: 1, "val/loss": 5 });
  await run.flush();
  const updates = ledger.watchRun(run.id);
  const first = await next(updates);
  expect(first).toMatchObject({ status: "running", record: { params: { a: 1 } } });
  expect([...(first?.points.keys() ?? [])].sort()).toEqual(["loss", "val/loss"]);
  expect(first).not.toHaveProperty("gap");
  run.log({ loss: 3 }, { step: 9 });
  run.log({ loss: 2 }, { step: 4 });
  const second = next(updates);
  await run.flush();
  // As logged, not in the order of the steps.
  expect(await second.then((update) => [...(update?.points.get("loss")?.steps ?? [])])).toEqual([9, 4]);
  expect((await second)?.record.metrics["loss"]).toMatchObject({ count: 3, last: { value: 3 } });
  const third = next(updates);
  run.setTags({ stage: "late" });
  await run.finish();
  const seen = [await third];
  for await (const update of updates) seen.push(update);
  expect(seen.at(-1)).toMatchObject({ status: "finished", record: { tags: { stage: "late" } } });
  expect(seen.at(-1)?.record).toEqual(await ledger.getRun(run.id));
  expect(await updates.next()).toEqual({ done: true, value: undefined });
});

test.each(["finished", "failed", "killed", "interrupted"] as const)(
  "a run that is %s: one update, then the end",
  async (status) => {
    const { ledger, backend, clock } = await createTestLedger();
    const run = await ledger.startRun();
    run.log({ a: 1 });
    await run.flush();
    if (status === "interrupted") {
      const other = await openLedger(backend, { clock, ids: seededIds(7, () => clock.now()) });
      await other.recover(run.id, { graceMs: 0 });
    } else await run.finish(status);
    const updates: RunUpdate[] = [];
    for await (const update of ledger.watchRun(run.id)) updates.push(update);
    expect(updates.map((update) => update.status)).toEqual([status]);
    expect(values(updates[0], "a")).toEqual([1]);
    expect(updates[0]?.record).toEqual(await ledger.getRun(run.id));
  },
);

test("the record alone, or some metrics only; a finished run's record costs no reading of journals", async () => {
  const { clock } = await createTestLedger();
  const backend = countingBackend(memoryBackend());
  const ledger = await openLedger(backend, { clock, ids: seededIds(1, () => clock.now()) });
  const run = await ledger.startRun();
  run.log({ a: 1, b: 2 });
  await run.flush();
  const [some, none] = [ledger.watchRun(run.id, { keys: ["b", "c"] }), ledger.watchRun(run.id, { points: false })];
  expect([...((await next(some))?.points.keys() ?? [])]).toEqual(["b"]);
  const update = await next(none);
  expect(update?.points.size).toBe(0);
  expect(Object.keys(update?.record.metrics ?? {})).toEqual(["a", "b"]);
  await run.finish();
  for await (const update of none) expect(update.points.size).toBe(0);
  await some.return?.();
  backend.reset();
  for await (const update of ledger.watchRun(run.id, { points: false })) expect(update.status).toBe("finished");
  // How the run began, and its document.
  expect(backend.counters).toMatchObject({ read: 2, list: 2, stat: 0 });
});

test("only what is new is read", async () => {
  const backend = countingBackend(memoryBackend());
  const ledger = await openLedger(backend, { clock: createTestClock() });
  const run = await ledger.startRun();
  for (let i = 0; i < 10_000; i++) run.log({ a: i / 3 });
  await run.flush();
  const updates = ledger.watchRun(run.id);
  await next(updates);
  const waiting = next(updates);
  backend.reset();
  run.log({ a: 1 });
  await run.flush();
  expect(values(await waiting, "a")).toEqual([1]);
  expect(backend.counters).toMatchObject({ list: 1, read: 1, bytesOut: backend.counters.bytesIn });
  await updates.return?.();
});

test("many points come in several updates, complete, in the order of logging", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  for (let i = 0; i < 40_000; i++) run.log({ a: i });
  await run.finish();
  const told: number[] = [];
  let updates = 0;
  for await (const update of ledger.watchRun(run.id, { maxPoints: 10_000 })) {
    updates++;
    told.push(...values(update, "a"));
    expect(update.record.metrics["a"]?.count).toBeGreaterThanOrEqual(told.length);
    expect(update).not.toHaveProperty("gap");
  }
  expect(told).toEqual(Array.from({ length: 40_000 }, (_, i) => i));
  expect(updates).toBeGreaterThan(2);
});

test("an absent consumer costs no requests, and gets everything that happened meanwhile in one update", async () => {
  const clock = createTestClock();
  const backend = countingBackend(objectsOnly());
  const ledger = await openLedger(backend, { clock, ids: seededIds(1, () => clock.now()) });
  const run = await ledger.startRun({ heartbeatMs: 1e9, flush: { intervalMs: 1e9 } });
  const updates = ledger.watchRun(run.id);
  await next(updates);
  for (let i = 0; i < 5; i++) {
    run.log({ a: i });
    await run.flush();
  }
  backend.reset();
  await clock.advance(600_000);
  expect(backend.counters.requests).toBe(0);
  expect(values(await next(updates), "a")).toEqual([0, 1, 2, 3, 4]);
  await updates.return?.();
});

test("an unknown run and an unknown option are refused on the first next()", async () => {
  const { ledger } = await createTestLedger();
  for (const id of ["nobody", "../x", ""])
    await expect(ledger.watchRun(id).next()).rejects.toThrow(code("RUN_NOT_FOUND"));
  const run = await ledger.startRun();
  for (const options of [{ keys: "loss" }, { points: 1 }, { maxPoints: 0 }, { giveUpMs: -1 }, null]) {
    await expect(ledger.watchRun(run.id, options as never).next()).rejects.toThrow(code("INVALID_ARGUMENT"));
  }
});

test("a run that is removed while it is watched is no longer found", async () => {
  const { ledger, backend } = await createTestLedger();
  const run = await ledger.startRun();
  const updates = ledger.watchRun(run.id);
  await next(updates);
  const waiting = updates.next();
  await backend.remove(`runs/${run.id}/run.created.json`);
  await expect(waiting).rejects.toThrow(code("RUN_NOT_FOUND"));
  expect(await updates.next()).toEqual({ done: true, value: undefined });
});

test("an abort ends it with the reason: before, while it waits, and while the consumer is away", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  const reason = new Error("enough");
  await expect(ledger.watchRun(run.id, { signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason);
  for (const isWaiting of [true, false]) {
    const stop = new AbortController();
    const updates = ledger.watchRun(run.id, { signal: stop.signal });
    await next(updates);
    const waiting = isWaiting ? updates.next() : undefined;
    stop.abort(reason);
    await expect(waiting ?? updates.next()).rejects.toBe(reason);
    expect(await updates.next()).toEqual({ done: true, value: undefined });
  }
});

test("leaving ends the wait at once and lets go of the backend", async () => {
  const inner = memoryBackend();
  let watched = 0;
  const { changes } = inner;
  inner.changes = (prefix, options) => {
    const hints = (changes as NonNullable<typeof changes>).call(inner, prefix, options)[Symbol.asyncIterator]();
    watched++;
    options?.signal?.addEventListener("abort", () => watched--);
    return { [Symbol.asyncIterator]: () => hints };
  };
  const ledger = await openLedger(inner, { clock: createTestClock() });
  const run = await ledger.startRun();
  const updates = ledger.watchRun(run.id);
  expect(watched).toBe(0);
  await next(updates);
  const waiting = updates.next();
  expect(watched).toBe(1);
  expect(await updates.return?.()).toEqual({ done: true, value: undefined });
  expect(await waiting).toEqual({ done: true, value: undefined });
  for await (const _ of ledger.watchRun(run.id)) break;
  expect(watched).toBe(0);
  await run.finish();
  for await (const _ of ledger.watchRun(run.id));
  expect(watched).toBe(0);
});

test("errors are reported and overcome; points that were read before are not delivered twice", async () => {
  const clock = createTestClock();
  const inner = objectsOnly();
  const writing = await openLedger(inner, { clock, ids: seededIds(1, () => clock.now()) });
  const run = await writing.startRun({ heartbeatMs: 1e9 });
  // Three objects have 16, 4 and 1 of them.
  for (let i = 0; i < 21; i++) {
    run.log({ a: i });
    await run.flush();
  }
  const errors: LedgerError[] = [];
  const failing = faultyBackend(inner, [
    { mode: "error-before", at: 1, only: ["list"], key: /^runs/ },
    { mode: "error-before", at: 3, times: 2, only: ["read"], key: /journal/, error: { code: "UNAVAILABLE" } },
  ]);
  const reading = await openLedger(failing, { clock, onError: (error) => void errors.push(error) });
  const updates = reading.watchRun(run.id);
  expect(values(await passing(clock, next(updates)), "a")).toEqual(Array.from({ length: 21 }, (_, i) => i));
  expect(errors.map((error) => error.code)).toEqual(["IO", "UNAVAILABLE", "UNAVAILABLE"]);
  await updates.return?.();
});

test("after a minute of nothing but failures the error is thrown; the time is an option", async () => {
  for (const [giveUpMs, least] of [
    [undefined, 60_000],
    [5000, 5000],
  ] as const) {
    const clock = createTestClock();
    const inner = memoryBackend();
    const run = await (await openLedger(inner, { clock })).startRun({ heartbeatMs: 1e9 });
    const errors: number[] = [];
    const failing = faultyBackend(inner, { mode: "error-before", at: 1, times: 1e9, only: ["list"], key: /^runs/ });
    const ledger = await openLedger(failing, { clock, onError: () => void errors.push(clock.monotonic()) });
    const updates = ledger.watchRun(run.id, giveUpMs === undefined ? {} : { giveUpMs });
    await expect(passing(clock, updates.next())).rejects.toThrow(code("IO"));
    expect((errors.at(-1) as number) - (errors[0] as number)).toBeGreaterThanOrEqual(least);
    expect((errors.at(-2) as number) - (errors[0] as number)).toBeLessThan(least);
  }
});

test("an update with damage has the intact points, and says that points are missing", async () => {
  const place = memoryBackend();
  const backend = keepingJournals(place);
  const clock = createTestClock();
  const ledger = await openLedger(backend, { clock });
  const run = await ledger.startRun();
  for (let i = 0; i < 5; i++) {
    run.log({ m: i });
    await run.flush();
  }
  await run.finish();
  await forgetCompaction(backend, run.id);
  let key = "";
  for await (const entry of backend.list(`runs/${run.id}/journal`)) key = entry.key;
  const stored = await backend.read(key);
  const at = Math.floor(stored.length / 3);
  stored[at] = (stored[at] as number) ^ 1;
  await place.remove(key);
  await place.create(key, stored);
  const told: number[] = [];
  const updates = ledger.watchRun(run.id);
  let gaps = 0;
  let last: RunUpdate | undefined;
  const all = async (): Promise<void> => {
    for await (const update of updates) {
      told.push(...values(update, "m"));
      if (update.gap) gaps++;
      last = update;
    }
  };
  // What is damaged in the middle is believed at a second look.
  await passing(clock, all());
  expect(gaps).toBe(1);
  expect(told).toEqual([...(await ledger.history(run.id, "m", { damaged: "skip" })).values]);
  expect(last?.record).toEqual(await ledger.getRun(run.id));
});

async function closedRun() {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, { clock: createTestClock(), onError() {} });
  const run = await ledger.startRun();
  run.log({ m: 1 });
  await run.finish();
  return { backend, ledger, id: run.id };
}

test("a damaged document whose journals are gone ends the watching", async () => {
  const { backend, ledger, id } = await closedRun();
  const key = `runs/${id}/run.json`;
  await backend.remove(key);
  await backend.create(key, new Uint8Array(9));
  for (const points of [true, false])
    await expect(next(ledger.watchRun(id, { points }))).rejects.toEqual(code("CORRUPT"));
});

test("the record of a closed run lists what is lost", async () => {
  const { backend, ledger, id } = await closedRun();
  await backend.remove(`runs/${id}/metrics.parquet`);
  const update = await next(ledger.watchRun(id, { points: false }));
  expect(update?.record.damage).toHaveLength(1);
  expect(update?.record).toEqual(await ledger.getRun(id));
});

/** Requests while a run that is being watched does nothing for an hour. */
async function idleHour(backend: CountingBackend, writer: Ledger, clock: TestClock): Promise<number> {
  const run = await writer.startRun({ heartbeatMs: 1e9 });
  const ledger = await openLedger(backend, { clock });
  const updates = ledger.watchRun(run.id);
  await next(updates);
  run.log({ a: 1 });
  await run.flush();
  await passing(clock, next(updates));
  const waiting = updates.next();
  await turn();
  backend.reset();
  await clock.advance(3_600_000);
  const { requests } = backend.counters;
  await updates.return?.();
  await waiting;
  return requests;
}

test("an idle hour costs a request every ten seconds, and a quarter of them where the backend reports changes", async () => {
  const clock = createTestClock();
  const place = memoryBackend();
  const writer = await openLedger(place, { clock, ids: seededIds(1, () => clock.now()) });
  const polled = await idleHour(countingBackend(objectsOnly(place)), writer, clock);
  expect(polled).toBeLessThanOrEqual(370);
  expect(polled).toBeGreaterThan(350);
  const hinted = await idleHour(countingBackend(place), writer, clock);
  expect(hinted).toBeLessThanOrEqual(100);
  expect(hinted).toBeGreaterThan(80);
});

test("a backend that keeps giving useless hints is ignored", async () => {
  const clock = createTestClock();
  const place = memoryBackend();
  const writer = await openLedger(place, { clock, ids: seededIds(1, () => clock.now()) });
  const noisy = objectsOnly(place);
  noisy.changes = async function* () {
    for (;;) yield;
  };
  expect(await idleHour(countingBackend(noisy), writer, clock)).toBeLessThanOrEqual(10 * 370);
});

test("a listing that lacks an object makes nothing count as missing", async () => {
  const clock = createTestClock();
  const place = objectsOnly();
  const writer = await openLedger(place, { clock, ids: seededIds(1, () => clock.now()) });
  const run = await writer.startRun({ heartbeatMs: 1e9, flush: { intervalMs: 1e9 } });
  // Object 3 repeats the three before it, and object 5 repeats object 4.
  for (let i = 0; i < 6; i++) {
    run.log({ a: i });
    await run.flush();
  }
  let lacks = true;
  const patchy = {
    ...place,
    list: async function* (prefix: string, options: object | undefined) {
      for await (const entry of place.list(prefix, options))
        if (!(lacks && entry.key.endsWith(".000003-4"))) yield entry;
      if (prefix !== "") lacks = false;
    },
  };
  const ledger = await openLedger(patchy, { clock });
  const updates = ledger.watchRun(run.id);
  const first = await next(updates);
  expect(values(first, "a")).toEqual([0, 1, 2]);
  const second = next(updates);
  await clock.advance(250);
  expect(values(await second, "a")).toEqual([3, 4, 5]);
  expect(first?.record.damage).toEqual([]);
  expect(await second).not.toHaveProperty("gap");
  expect((await second)?.record).toEqual(await ledger.getRun(run.id));
  await updates.return?.();
});
