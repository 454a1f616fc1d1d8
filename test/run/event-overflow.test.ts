import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type LedgerError, openLedger } from "../../src/index.ts";
import { FlushWaiters } from "../../src/journal/flush-waiters.ts";

/** A place that takes nothing while `held`: appends wait. */
function slowBackend(): { backend: Backend; inner: Backend; hold: () => void; release: () => void } {
  const inner = memoryBackend();
  let open = Promise.resolve();
  let release = (): void => {};
  const backend = new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name !== "append") return value.bind(target);
      return async (...args: unknown[]) => {
        await open;
        return await (value as (...all: unknown[]) => Promise<void>).apply(target, args);
      };
    },
  });
  const hold = (): void => {
    open = new Promise((resolve) => (release = resolve));
  };
  return { backend, inner, hold, release: () => release() };
}

const BOUND = 256 * 1024;

test("events count against the bound of the buffer, and the newest of each wins", { timeout: 180_000 }, async () => {
  const { backend, inner, hold, release } = slowBackend();
  const errors: LedgerError[] = [];
  const ledger = await openLedger(backend, { onError: (error) => errors.push(error) });
  const run = await ledger.startRun({ flush: { maxBufferedBytes: BOUND } });
  await run.flush();
  hold();
  for (let i = 0; i < 6000; i++) {
    run.setTags({ progress: `step ${i}`, [`of ${i % 50}`]: i });
    run.setParams({ schedule: { lr: i } }, { overwrite: true });
  }
  for (let i = 0; i < 50; i++) run.setNote(`${i}`.repeat(2000));
  run.defineMetric("loss", { goal: "minimize" });
  expect(run.stats.overwrittenEvents).toBeGreaterThan(8000);
  expect(run.stats.droppedEvents).toBe(0);
  expect(errors.map(({ code }) => code)).toEqual(["TOO_LARGE"]);
  const flushed = run.flush();
  expect(await Promise.race([flushed.then(() => "stored"), Promise.resolve("waits")])).toBe("waits");
  release();
  await flushed;
  const stored = await (await openLedger(inner)).getRun(run.id);
  expect(stored.tags).toMatchObject({ progress: "step 5999", "of 49": "5999", "of 0": "5950" });
  expect(stored.params).toEqual({ schedule: { lr: 5999 } });
  expect(stored.note).toBe("49".repeat(2000));
  run.log({ loss: 1 });
  await run.finish();
  const record = await (await openLedger(inner)).getRun(run.id);
  expect(record).toMatchObject({ status: "finished", damage: [], metricDefinitions: { loss: { goal: "minimize" } } });
  expect(record.tags).toEqual(stored.tags);
});

test(
  "finish() waits for events that had no room, and they come before the end of the run",
  { timeout: 180_000 },
  async () => {
    const { backend, inner, hold, release } = slowBackend();
    const ledger = await openLedger(backend, { onError: () => {} });
    const run = await ledger.startRun({ flush: { maxBufferedBytes: BOUND } });
    await run.flush();
    hold();
    for (let i = 0; i < 10_000; i++) run.setTags({ progress: i });
    const finished = run.finish();
    release();
    await finished;
    expect(await (await openLedger(inner)).getRun(run.id)).toMatchObject({
      status: "finished",
      tags: { progress: "9999" },
    });
  },
);

test("events beyond the bound are dropped, counted and reported once", { timeout: 180_000 }, async () => {
  const { backend, hold, release } = slowBackend();
  const errors: LedgerError[] = [];
  const ledger = await openLedger(backend, { onError: (error) => errors.push(error) });
  const run = await ledger.startRun({ flush: { maxBufferedBytes: BOUND } });
  await run.flush();
  hold();
  for (let i = 0; i < 1000; i++) run.setTags({ [`tag ${i}`]: "x".repeat(1000) });
  expect(run.stats.droppedEvents).toBeGreaterThan(300);
  expect(errors).toHaveLength(2);
  expect(errors[1]?.message).toContain("was dropped");
  release();
  await run.finish();
});

test("a burst that never yields leaves no more than the bound waiting", { timeout: 120_000 }, async () => {
  const inner = memoryBackend();
  const ledger = await openLedger(inner, { onError: () => {} });
  const run = await ledger.startRun({ flush: { maxBufferedBytes: 4 * BOUND } });
  for (let i = 0; i < 100_000; i++) {
    run.setTags({ progress: `step ${i}` });
    if (i % 100 === 0) void run.flush();
  }
  expect(run.stats.overwrittenEvents).toBeGreaterThan(50_000);
  await run.finish();
  const ended = await (await openLedger(inner)).getRun(run.id);
  expect(ended).toMatchObject({ status: "finished", tags: { progress: "step 99999" } });
});

test("calls that wait for the same records share a promise, and the number of promises is bounded", async () => {
  const waiters = new FlushWaiters();
  const first = waiters.wait(5, "passive");
  expect([waiters.needWrite, waiters.areUrgent]).toEqual([false, false]);
  expect(waiters.wait(5, "active")).toBe(first);
  expect([waiters.needWrite, waiters.areUrgent]).toEqual([true, false]);
  expect(waiters.wait(5, "urgent")).toBe(first);
  expect(waiters.wait(5, "passive")).toBe(first);
  expect(waiters.areUrgent).toBe(true);
  const promises = new Set(Array.from({ length: 5000 }, (_, i) => waiters.wait(6 + i, "active")));
  expect(promises.size).toBe(999);
  waiters.acknowledge(5);
  await first;
  expect(waiters.areUrgent).toBe(false);
  const last = [...promises].at(-1)!;
  let done = false;
  void last.then(() => (done = true));
  waiters.acknowledge(1500);
  await Promise.resolve();
  expect(done).toBe(false);
  waiters.acknowledge(5006);
  await last;
  expect(waiters.needWrite).toBe(false);
});
