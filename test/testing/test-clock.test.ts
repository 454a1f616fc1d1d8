import { expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";

const START = Date.UTC(2026, 0, 1);

/** Waits for some turns of the event loop, in which a clock could move by itself. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("it stands still at its start", async () => {
  const clock = createTestClock();
  await turns();
  expect([clock.now(), clock.monotonic()]).toEqual([START, 0]);
  expect(createTestClock(5).now()).toBe(5);
});

test("advance moves both scales and fires timers in the order of time, then of the calls", async () => {
  const clock = createTestClock();
  const fired: [string, number][] = [];
  for (const [name, ms] of [
    ["c", 30],
    ["a", 10],
    ["b", 10],
    ["never", 101],
  ] as const) {
    clock.timer(ms, () => fired.push([name, clock.now() - START]));
  }
  await clock.advance(100);
  expect(fired).toEqual([
    ["a", 10],
    ["b", 10],
    ["c", 30],
  ]);
  expect([clock.now(), clock.monotonic()]).toEqual([START + 100, 100]);
  await clock.advance(1);
  expect(fired.at(-1)).toEqual(["never", 101]);
});

test("a timer alone never moves the time, and a cancelled one never fires", async () => {
  const clock = createTestClock();
  let fired = 0;
  clock.timer(0, () => fired++);
  clock.timer(5, () => fired++).cancel();
  await turns();
  expect(fired).toBe(0);
  await clock.advance(0);
  expect(fired).toBe(1);
  await clock.advance(10);
  expect(fired).toBe(1);
});

test("long chains of promises after a timer end before the next timer", async () => {
  const clock = createTestClock();
  const seen: string[] = [];
  clock.timer(1, () => {
    void (async () => {
      for (let i = 0; i < 1000; i++) await undefined;
      seen.push("chain");
    })();
  });
  clock.timer(2, () => seen.push("timer"));
  await clock.advance(2);
  expect(seen).toEqual(["chain", "timer"]);
});

test("timers set by timers fire, too", async () => {
  const clock = createTestClock();
  const beats: number[] = [];
  const beat = (): void => {
    beats.push(clock.monotonic());
    clock.timer(10, beat);
  };
  clock.timer(10, beat);
  await clock.advance(35);
  expect(beats).toEqual([10, 20, 30]);
});

test("a sleep moves the time by itself, and timers due before it fire", async () => {
  const clock = createTestClock();
  const seen: [string, number][] = [];
  clock.timer(400, () => seen.push(["timer", clock.monotonic()]));
  clock.timer(2000, () => seen.push(["too late", clock.monotonic()]));
  await clock.sleep(1000);
  seen.push(["slept", clock.monotonic()]);
  await turns();
  expect(seen).toEqual([
    ["timer", 400],
    ["slept", 1000],
  ]);
});

test("several sleepers wake in the order of time", async () => {
  const clock = createTestClock();
  const seen: string[] = [];
  const sleeper = async (name: string, ...pauses: number[]): Promise<void> => {
    for (const ms of pauses) {
      await clock.sleep(ms);
      seen.push(`${name}${clock.monotonic()}`);
    }
  };
  await Promise.all([sleeper("a", 10, 20, 5), sleeper("b", 15, 1), sleeper("c", 0, 100)]);
  expect(seen).toEqual(["c0", "a10", "b15", "b16", "a30", "a35", "c100"]);
});

test("advance wakes sleepers up to its end; a later one continues by itself afterwards", async () => {
  const clock = createTestClock();
  const woken: number[] = [];
  const first = clock.sleep(10).then(() => woken.push(clock.monotonic()));
  const second = clock.sleep(50).then(() => woken.push(clock.monotonic()));
  await clock.advance(20);
  expect([woken, clock.monotonic()]).toEqual([[10], 20]);
  await Promise.all([first, second]);
  expect(woken).toEqual([10, 50]);
});

test("an aborted sleep rejects with the reason and moves nothing", async () => {
  const clock = createTestClock();
  const stop = new AbortController();
  const slept = clock.sleep(1000, stop.signal);
  const reason = new Error("stopped");
  stop.abort(reason);
  await expect(slept).rejects.toBe(reason);
  await expect(clock.sleep(1, AbortSignal.abort(reason))).rejects.toBe(reason);
  await turns();
  expect(clock.monotonic()).toBe(0);
});

test("if nothing is due, advance has moved the time when it returns", async () => {
  const clock = createTestClock();
  clock.timer(11, () => {});
  const moved = clock.advance(10);
  expect([clock.now(), clock.monotonic()]).toEqual([START + 10, 10]);
  await moved;
  expect(clock.monotonic()).toBe(10);
});

test("simultaneous calls of advance run one after another", async () => {
  const clock = createTestClock();
  const fired: number[] = [];
  clock.timer(10, () => {
    fired.push(clock.monotonic());
    void clock.advance(5);
  });
  await Promise.all([clock.advance(10), clock.advance(10)]);
  await clock.advance(0);
  expect([fired, clock.monotonic()]).toEqual([[10], 25]);
});

test("a jump changes the wall time only", async () => {
  const clock = createTestClock();
  clock.jump(-3_600_000);
  expect([clock.now(), clock.monotonic()]).toEqual([START - 3_600_000, 0]);
  await clock.advance(10);
  expect([clock.now(), clock.monotonic()]).toEqual([START - 3_599_990, 10]);
});

test("an invalid time is refused", async () => {
  const clock = createTestClock();
  expect(() => createTestClock(Number.NaN)).toThrow(LedgerError);
  expect(() => clock.jump(Number.NaN)).toThrow(LedgerError);
  await expect(clock.advance(-1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "ms" });
});
