import { type OptionNames, unknownOption } from "../arguments/options.ts";
import type { Clock } from "../platform/clock.ts";
import { invalidArgument } from "../errors/ledger-error.ts";

/** The place of a value in its history. */
export interface LogPosition {
  /**
   * A safe integer. Steps may repeat, go back, be negative or skip. Default for a row of metrics: the step after the
   * greatest one so far, 0 at first. Default for a text, image, histogram or table: the greatest one so far.
   */
  readonly step?: number | undefined;
  /** Milliseconds since the epoch, as `Date.now()` returns them; fractions are rounded. Default: now. */
  readonly time?: number | undefined;
}

/** The last moment that a Date can hold, in ms since the epoch. */
const MAX_TIME = 8.64e15;

type Names = { readonly [name: string]: true };
const POSITION: OptionNames<LogPosition> = { step: true, time: true };

/** Throws for anything but an object, and for names that `operation` does not know. Allocates nothing. */
export function checkPosition(operation: string, at: LogPosition | undefined, known: Names = POSITION): void {
  if (at === undefined) return;
  if (typeof at !== "object" || at === null) throw invalidArgument("at", "an object such as { step: 3 }", at);
  for (const name in at) {
    // Compared first, because looking up both names takes 50 ns, a sixth of a call of `log()`.
    if (name === "step" || name === "time") continue;
    if (Object.hasOwn(known, name) || !Object.hasOwn(at, name) || Reflect.get(at, name) === undefined) continue;
    const advice = name === "commit" ? "; calls with the same step need none" : "";
    throw unknownOption(operation, name, Object.keys(known), advice);
  }
}

/** Returns the given step, or `undefined`. */
export function stepOf(at: LogPosition | undefined): number | undefined {
  const step = at?.step;
  if (step !== undefined && !Number.isSafeInteger(step)) throw invalidArgument("step", "a safe integer", step);
  // `+ 0` makes 0 of -0, which would be another step.
  return step === undefined ? undefined : step + 0;
}

/** Returns the given time, or the time of the clock. */
export function timeOf(at: LogPosition | undefined, clock: Clock): number {
  const time = at?.time;
  return time === undefined ? Math.round(clock.now()) : checkTime(time, "time");
}

/** Returns a moment in whole ms since the epoch. Throws `INVALID_ARGUMENT`. */
export function checkTime(time: unknown, field: string): number {
  if (typeof time !== "number" || !(time >= -MAX_TIME && time <= MAX_TIME))
    throw invalidArgument(field, "a number of ms since the epoch", time);
  // `+ 0` makes 0 of -0.
  return Math.round(time) + 0;
}
