import { invalidArgument } from "../errors/ledger-error.ts";

/** A pending call of {@link Clock.timer}. */
export interface Timer {
  /** Cancels the call. Nothing happens if it was made already. */
  cancel(): void;
}

/** The time, as the library sees it. Tests pass a clock that they control. */
export interface Clock {
  /** Returns the wall time in ms since the epoch. It may jump. */
  now(): number;
  /** Returns the milliseconds since some fixed moment. It never goes back. */
  monotonic(): number;
  /**
   * Whether `monotonic()` advances together with `now()`. If `false`, durations are measured by `now()`. Default
   * `true`.
   */
  readonly steady?: boolean;
  /** Resolves after `ms`. Rejects with the signal's reason. It keeps the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` once after `ms`, unless cancelled. It never keeps the process alive. */
  timer(ms: number, fn: () => void): Timer;
}

interface DenoGlobal {
  readonly Deno?: { unrefTimer?(id: number): void };
}

/** The time of the system. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = (): void => {
        clearTimeout(handle);
        reject(signal?.reason);
      };
      const handle = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal?.addEventListener("abort", stop, { once: true });
    }),
  timer: (ms, fn) => {
    const handle: unknown = setTimeout(fn, ms);
    unreference(handle);
    return { cancel: () => clearTimeout(handle as number) };
  },
};

/** Makes a timer of the system keep no process alive. Returns whether it might have kept one alive. */
export function unreference(handle: unknown): boolean {
  // Node and Bun hand out an object, browsers and Deno a number.
  if (typeof handle === "object" && handle !== null && "unref" in handle) {
    (handle as { unref(): void }).unref();
    return true;
  }
  const { Deno } = globalThis as DenoGlobal;
  Deno?.unrefTimer?.(handle as number);
  return Deno?.unrefTimer !== undefined;
}

/** Completes a clock that sets only some of its members, or only the time as a function, with the system's. */
export function toClock(clock: Partial<Clock> | (() => number) | undefined): Clock {
  if (clock === undefined) return systemClock;
  if (typeof clock === "function") return { ...systemClock, now: clock, steady: false };
  if (typeof clock !== "object" || clock === null) throw invalidArgument("clock", "a Clock or a function", clock);
  const given = clock;
  return {
    now: given.now ? () => (given.now as Clock["now"])() : systemClock.now,
    steady: given.steady ?? (given.monotonic !== undefined || given.now === undefined),
    monotonic: given.monotonic ? () => (given.monotonic as Clock["monotonic"])() : systemClock.monotonic,
    sleep: given.sleep ? (ms, signal) => (given.sleep as Clock["sleep"])(ms, signal) : systemClock.sleep,
    timer: given.timer ? (ms, fn) => (given.timer as Clock["timer"])(ms, fn) : systemClock.timer,
  };
}
