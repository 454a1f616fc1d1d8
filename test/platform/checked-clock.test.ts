import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type LedgerError, openLedger } from "../../src/index.ts";
import { checkedClock } from "../../src/platform/checked-clock.ts";
import { type Clock, systemClock, type Timer } from "../../src/platform/clock.ts";

const fault = new Error("the clock is broken");
const WRONG: readonly [what: string, read: () => number][] = [
  ["NaN", () => Number.NaN],
  ["Infinity", () => Number.POSITIVE_INFINITY],
  ["a year that no Date holds", () => 9.467e15],
  ["a moment before the first that a Date holds", () => -9e15],
  ["a bigint", () => 1n as unknown as number],
  ["a Date", () => new Date(0) as unknown as number],
  ["undefined", () => undefined as unknown as number],
  [
    "an exception",
    () => {
      throw fault;
    },
  ],
];

test.each(WRONG)("a clock that gives %s is refused", async (_, now) => {
  await expect(openLedger(memoryBackend(), { clock: now })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "clock.now()",
  });
  const backend = memoryBackend();
  await openLedger(backend);
  const told: LedgerError[] = [];
  const ledger = await openLedger(backend, { clock: { now }, onError: (error) => told.push(error) });
  await expect(ledger.startRun()).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "clock.now()" });
  await expect(openLedger(backend, { clock: { monotonic: now } })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "clock.monotonic()",
  });
  expect((await (await openLedger(backend)).searchRuns()).runs).toEqual([]);
  expect(told).toEqual([]);
});

test.each(WRONG)(
  "a clock that gives %s later: the last right time stands for it, and it is told once",
  async (_, wrong) => {
    const backend = memoryBackend();
    const told: LedgerError[] = [];
    let isRight = true;
    const clock = { now: () => (isRight ? 5000 : wrong()), monotonic: () => (isRight ? 7 : wrong()) };
    const ledger = await openLedger(backend, { clock, onError: (error) => told.push(error) });
    const run = await ledger.startRun({ environment: false });
    run.log({ x: 1 });
    isRight = false;
    run.log({ x: 2 });
    run.setTags({ a: "b" });
    await run.logText("t", "text");
    await run.flush();
    await run.finish();
    expect(told).toMatchObject([{ code: "INVALID_ARGUMENT" }]);
    const other = await openLedger(backend);
    expect([...(await other.history(run.id, "x")).times]).toEqual([5000, 5000]);
    expect(await other.getRun(run.id)).toMatchObject({
      status: "finished",
      startTime: 5000,
      endTime: 5000,
      damage: [],
    });
  },
);

test("the first and the last moment that a Date holds are right, and are read back", async () => {
  for (const time of [8.64e15, -8.64e15]) {
    const backend = memoryBackend();
    const ledger = await openLedger(backend, { clock: () => time });
    const run = await ledger.startRun({ environment: false });
    run.log({ x: 1 });
    run.log({ x: 2 }, { time: -time, step: Number.MAX_SAFE_INTEGER });
    await run.flush();
    const running = await openLedger(backend);
    expect([...(await running.history(run.id, "x")).times]).toEqual([time, -time]);
    await run.finish();
    const finished = await openLedger(backend);
    expect([...(await finished.history(run.id, "x")).times]).toEqual([time, -time]);
    expect((await finished.searchRuns()).runs).toMatchObject([{ startTime: time, damage: [] }]);
  }
});

test("a clock may be an object of a class", async () => {
  class OwnClock implements Clock {
    readonly #clock = systemClock;
    now(): number {
      return this.#clock.now();
    }
    monotonic(): number {
      return this.#clock.monotonic();
    }
    sleep(ms: number, signal?: AbortSignal): Promise<void> {
      return this.#clock.sleep(ms, signal);
    }
    timer(ms: number, fn: () => void): Timer {
      return this.#clock.timer(ms, fn);
    }
  }
  const ledger = await openLedger(memoryBackend(), { clock: new OwnClock() });
  await ledger.withRun({}, (run) => run.log({ loss: 1 }));
  expect((await ledger.searchRuns()).runs).toMatchObject([{ status: "finished", metrics: { loss: { count: 1 } } }]);
  expect(checkedClock(new OwnClock(), () => {}).timer(0, () => {})).toHaveProperty("cancel");
});
