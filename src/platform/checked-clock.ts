import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import type { Clock } from "./clock.ts";

/** The greatest time that a `Date` can hold, in ms since the epoch. */
const MAX_TIME = 8.64e15;

/**
 * Returns the clock of a caller with checked times. Until a time was right, a wrong one throws `INVALID_ARGUMENT`.
 * Later the last right time stands for a wrong one, because a call that logs must not fail, and `tell` is called once.
 */
export function checkedClock(clock: Clock, tell: (error: LedgerError) => void): Clock {
  let isTold = false;
  const checked = (field: string, read: () => number): (() => number) => {
    let last: number | undefined;
    const wrong = (error: LedgerError): number => {
      if (last === undefined) throw error;
      if (!isTold) {
        isTold = true;
        const message = `${error.message}; the last right time stands for it`;
        tell(new LedgerError("INVALID_ARGUMENT", message, { field, received: error.received, cause: error.cause }));
      }
      return last;
    };
    return () => {
      let time: number;
      try {
        time = read();
      } catch (cause) {
        return wrong(new LedgerError("INVALID_ARGUMENT", `${field} throws`, { field, cause }));
      }
      if (typeof time === "number" && time >= -MAX_TIME && time <= MAX_TIME) return (last = time);
      return wrong(invalidArgument(field, "a number of ms that a Date can hold", time));
    };
  };
  const monotonic = checked("clock.monotonic()", () => clock.monotonic());
  // Now, because a run reads it only after it has begun. A reading of `now()` may move a clock of tests on.
  monotonic();
  // Not by spreading, which leaves out the methods of a class.
  return {
    now: checked("clock.now()", () => clock.now()),
    monotonic,
    steady: clock.steady ?? true,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    timer: (ms, fn) => clock.timer(ms, fn),
  };
}
