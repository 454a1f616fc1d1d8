import { expect, test } from "vitest";
import type { Clock } from "../../src/platform/clock.ts";
import { LoopWatch } from "../../src/journal/loop-watch.ts";

/** A clock whose event loop turns when it is told to. */
function watch(interval: number) {
  let now = 0;
  let timers = 0;
  const pending = new Set<() => void>();
  const clock: Pick<Clock, "monotonic" | "timer"> = {
    monotonic: () => now,
    timer: (_ms, fn) => {
      timers++;
      pending.add(fn);
      return { cancel: () => pending.delete(fn) };
    },
  };
  const told: number[] = [];
  const loop = new LoopWatch(clock as Clock, { interval }, (ms) => told.push(ms));
  return {
    loop,
    told,
    pending,
    timers: () => timers,
    turn: () => {
      for (const fn of pending) fn();
      pending.clear();
    },
    /** Adds a record every ms. */
    add: (ms: number) => {
      let looks = 0;
      for (const end = now + ms; now < end; now++)
        if (now >= loop.lookAt) {
          loop.look(now);
          looks++;
        }
      return looks;
    },
  };
}

test("it reports once, after five intervals without a turn of the loop", () => {
  const { add, told, pending } = watch(1000);
  add(5000);
  expect(told).toEqual([]);
  add(1);
  expect(told).toEqual([5000]);
  add(20_000);
  expect(told).toHaveLength(1);
  expect(pending.size).toBe(0);
});

test("it looks once an interval, and sets a timer only after the loop has turned", () => {
  const { add, timers } = watch(1000);
  expect(add(4000)).toBe(4);
  expect(timers()).toBe(1);
});

test("a loop that turns once in five intervals is never reported", () => {
  const { add, turn, told } = watch(1000);
  for (let i = 0; i < 20; i++) {
    add(4500);
    turn();
  }
  expect(told).toEqual([]);
});

test("a write that ends shows that the loop turns, whatever timers do", () => {
  const { loop, add, told } = watch(1000);
  for (let i = 0; i < 20; i++) {
    add(4500);
    loop.turned();
  }
  expect(told).toEqual([]);
});

test("with intervals of a few ms, a step of a second is not reported", () => {
  const { add, told } = watch(1);
  add(1000);
  expect(told).toEqual([]);
  add(1);
  expect(told).toEqual([1000]);
});

test("after close it does not look", () => {
  const { loop, add, told, pending } = watch(1000);
  add(1);
  loop.close();
  add(10_000);
  loop.look(0);
  expect(told).toEqual([]);
  expect(pending.size).toBe(0);
});
