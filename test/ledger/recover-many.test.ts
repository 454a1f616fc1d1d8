import { expect, test } from "vitest";
import type { Backend, CallOptions } from "../../src/backend/backend.ts";
import { gate } from "../../src/platform/bounded.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";
import { countingBackend, createTestClock, seededIds } from "../../src/testing/index.ts";

/** A backend that notes how many listings of single runs go on at once. */
function watched(backend: Backend): { backend: Backend; most: () => number } {
  let now = 0;
  let most = 0;
  const list = async function* (prefix: string, options?: CallOptions): AsyncGenerator<{ key: string; size: number }> {
    most = Math.max(most, prefix === "runs" ? 0 : ++now);
    await new Promise(setImmediate);
    try {
      yield* backend.list(prefix, options);
    } finally {
      if (prefix !== "runs") now--;
    }
  };
  const proxy = new Proxy(backend, {
    get: (target, name) => {
      if (name === "list") return list;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { backend: proxy, most: () => most };
}

test("runs that are closed cost recover() the listing of all, not a request each", async () => {
  const backend = countingBackend(memoryBackend());
  const ledger = await openLedger(backend);
  for (let i = 0; i < 50; i++) {
    const run = await ledger.startRun({ environment: false });
    run.log({ loss: i });
    await run.finish();
  }
  const { id } = await ledger.startRun({ environment: false });
  backend.reset();
  expect(await ledger.recover()).toEqual({ interrupted: [], running: [id] });
  expect(backend.counters.requests).toBeLessThan(10);
});

test("of many runs whose writers are gone only some are read and closed at once, and all are watched together", async () => {
  const inner = memoryBackend();
  const clock = createTestClock();
  const options = { clock, ids: seededIds(1, () => clock.now()) };
  const dead = await openLedger(inner, options);
  const ids: string[] = [];
  for (let i = 0; i < 150; i++) {
    const run = await dead.startRun({ environment: false });
    run.log({ loss: i });
    await run.flush();
    ids.push(run.id);
  }
  const { backend, most } = watched(inner);
  const ledger = await openLedger(backend, { ...options, ids: seededIds(2, () => clock.now()) });
  const before = clock.monotonic();
  const recovered = ledger.recover(undefined, { graceMs: 6000 });
  let isDone = false;
  void recovered.finally(() => (isDone = true)).catch(() => {});
  while (!isDone) {
    await new Promise(setImmediate);
    await clock.advance(10);
  }
  const { interrupted, running } = await recovered;
  expect([interrupted.toSorted(), running]).toEqual([ids.toSorted(), []]);
  // One after the other they would have taken 150 times as long.
  expect(clock.monotonic() - before).toBeLessThan(30_000);
  expect(most()).toBeGreaterThan(16);
  expect(most()).toBeLessThanOrEqual(32);
  const { runs } = await ledger.searchRuns({ limit: 200 });
  expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(["interrupted"]));
});

test("a gate starts work in order, at most as much at once as it says, even if work fails", async () => {
  const pass = gate(2);
  const log: string[] = [];
  let now = 0;
  const work = (name: string, fails: boolean) => async (): Promise<string> => {
    log.push(name);
    expect(++now).toBeLessThanOrEqual(2);
    await new Promise(setImmediate);
    now--;
    if (fails) throw new Error(name);
    return name;
  };
  const names = [..."abcdefg"];
  const outcomes = await Promise.allSettled(names.map((name, i) => pass(work(name, i % 3 === 1))));
  expect(log).toEqual(names);
  expect(outcomes.map(({ status }, i) => status === (i % 3 === 1 ? "rejected" : "fulfilled"))).not.toContain(false);
  expect(await pass(work("h", false))).toBe("h");
});
