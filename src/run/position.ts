import type { Clock } from "../backend/clock.ts";
import { invalidArgument } from "../backend/error.ts";

/** Where a point stands. */
export interface LogPosition {
  /**
   * A safe integer. Steps may repeat, go back, be negative or skip. Default: for a row of metrics the step after the greatest one
   * so far, 0 at first; for a text, image, histogram or table the greatest one so far.
   */
  readonly step?: number | undefined;
  /** ms since the epoch; fractions are rounded. Default: now. */
  readonly time?: number | undefined;
}

/** Furthest moment a Date can say, in ms either side of the epoch. */
const MAX_TIME = 8.64e15;

/** The step given, if there is one. */
export function stepOf(at: LogPosition | undefined): number | undefined {
  const step = at?.step;
  if (step !== undefined && !Number.isSafeInteger(step)) throw invalidArgument("step", "a safe integer", step);
  // Not -0, which would be a step of its own.
  return step === undefined ? undefined : step + 0;
}

/** The time given, or that of the clock. */
export function timeOf(at: LogPosition | undefined, clock: Clock): number {
  const time = at?.time;
  if (time === undefined) return Math.round(clock.now());
  if (typeof time !== "number" || !(time >= -MAX_TIME && time <= MAX_TIME))
    throw invalidArgument("time", "a number of ms since the epoch", time);
  return Math.round(time);
}
