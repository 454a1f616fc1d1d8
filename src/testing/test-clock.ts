import type { Clock } from "../platform/clock.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** A clock that a test controls. */
export interface TestClock extends Clock {
  /**
   * Moves the time on by `ms`. Fires the timers and sleeps that become due, in the order of their times, then of their
   * calls. Await the result: between two of them, everything that waits only for microtasks runs. If nothing is due,
   * the time has moved when the call returns. Simultaneous calls run one after another.
   */
  advance(ms: number): Promise<void>;
  /** Moves the wall time by `ms`, which may be negative, as if somebody set the clock. Nothing becomes due. */
  jump(ms: number): void;
}

interface Pending {
  /** The time on the monotonic scale. */
  readonly due: number;
  readonly sleeper: boolean;
  readonly fire: () => void;
}

/** Options of `createTestClock`. */
export interface TestClockOptions {
  /** How far each call of `now()` moves the time on after it has returned, in ms. That makes nothing due. Default 0. */
  readonly tickMs?: number | undefined;
}

/**
 * Returns a clock for tests. It begins at `start`, in ms since the epoch (default: the start of 2026, UTC). It stands
 * still, or moves on by `tickMs` with each look.
 *
 * A pending `sleep` also moves the time, because otherwise code that sleeps would wait forever. If a `sleep` is pending
 * and a turn of the event loop passes without `advance`, the time jumps to the timer or sleep that is due first. This
 * repeats until no sleep is pending. A `timer` alone never moves the time.
 *
 * The order of events is the same in each run as long as the code under test waits only for promises, sleeps and
 * timers.
 */
export function createTestClock(
  start: number = Date.UTC(2026, 0, 1),
  { tickMs = 0 }: TestClockOptions = {},
): TestClock {
  if (!Number.isFinite(start)) throw invalid("start", start);
  if (!(Number.isFinite(tickMs) && tickMs >= 0)) throw invalid("tickMs", tickMs);
  const pending = new Set<Pending>();
  let elapsed = 0;
  let wall = start;
  let advancing = 0;
  let queue: Promise<void> = Promise.resolve();
  let armed = false;

  const earliest = (): Pending | undefined => {
    let first: Pending | undefined;
    for (const one of pending) if (first === undefined || one.due < first.due) first = one;
    return first;
  };
  const moveTo = (moment: number): void => {
    wall += Math.max(0, moment - elapsed);
    elapsed = Math.max(elapsed, moment);
  };
  const fire = (one: Pending): void => {
    pending.delete(one);
    moveTo(one.due);
    one.fire();
  };
  /** Checks again in each turn until no sleep is pending. */
  const arm = (): void => {
    if (armed || advancing > 0 || ![...pending].some(({ sleeper }) => sleeper)) return;
    armed = true;
    later(() => {
      armed = false;
      const first = earliest();
      if (advancing > 0 || first === undefined) return;
      if ([...pending].some(({ sleeper }) => sleeper)) fire(first);
      // The code that was fired may sleep again or not. The next turn sees which.
      later(arm);
    });
  };
  const run = async (ms: number): Promise<void> => {
    const target = elapsed + ms;
    await turn();
    for (let next = earliest(); next !== undefined && next.due <= target; next = earliest()) {
      fire(next);
      await turn();
    }
    moveTo(target);
  };
  const add = (ms: number, sleeper: boolean, work: () => void): Pending => {
    const one: Pending = { due: elapsed + (ms > 0 ? ms : 0), sleeper, fire: work };
    pending.add(one);
    return one;
  };

  return {
    now: () => {
      const moment = wall;
      moveTo(elapsed + tickMs);
      return moment;
    },
    monotonic: () => elapsed,
    timer(ms, fn) {
      const one = add(ms, false, fn);
      return { cancel: () => void pending.delete(one) };
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        const stop = (): void => {
          pending.delete(one);
          reject(signal?.reason);
        };
        const one = add(ms, true, () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        });
        signal?.addEventListener("abort", stop, { once: true });
        arm();
      }),
    async advance(ms) {
      if (!(Number.isFinite(ms) && ms >= 0)) throw invalid("ms", ms);
      const isQuiet = advancing === 0 && (earliest()?.due ?? Number.POSITIVE_INFINITY) > elapsed + ms;
      advancing++;
      // If nothing is due, the time moves at once, even for a caller that does not wait.
      if (isQuiet) moveTo(elapsed + ms);
      const done = queue.then(() => (isQuiet ? turn() : run(ms)));
      queue = done.catch(() => {});
      try {
        await done;
      } finally {
        advancing--;
        arm();
      }
    },
    jump(ms) {
      if (!Number.isFinite(ms)) throw invalid("ms", ms);
      wall += ms;
    },
  };
}

const { setImmediate: immediate, setTimeout: timeout } = globalThis as {
  setImmediate?: (work: () => void) => unknown;
  setTimeout: (work: () => void, ms: number) => unknown;
};

/**
 * Calls `work` in a later turn of the event loop, after every microtask. Reads the global once, because a test may
 * replace it.
 */
function later(work: () => void): void {
  if (immediate === undefined) timeout(work, 0);
  else immediate(work);
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    later(resolve);
  });
}

function invalid(field: string, value: unknown): LedgerError {
  return new LedgerError(
    "INVALID_ARGUMENT",
    `${field} must be a finite number of ms${field === "start" ? "" : ", not negative"}`,
    {
      field,
      received: typeof value,
    },
  );
}
