import { type OptionNames, readOptions } from "../arguments/options.ts";
import { checkChoice } from "../arguments/choice.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import { ownList } from "../arguments/own-list.ts";
import type { CallOptions } from "../backend/backend.ts";
import type { SampleMethod } from "./downsample.ts";

/** Which points of a metric to read, and how many. */
export interface HistoryOptions extends CallOptions {
  /** Lowest step, inclusive. */
  readonly from?: number | undefined;
  /** Highest step, inclusive. */
  readonly to?: number | undefined;
  /** Earliest time, in ms since the epoch, inclusive. */
  readonly fromTime?: number | undefined;
  /** Latest time, in ms since the epoch, inclusive. */
  readonly toTime?: number | undefined;
  /**
   * Most points to give, at least 2. They are points of the series, chosen the same way every time: with up to 1,000 of a
   * long series of a finished run only an overview of some kilobytes is read. Default: every point.
   */
  readonly samples?: number | undefined;
  /**
   * `"minmax"` (default): the least and the greatest of each stretch. `"lttb"`: largest triangle three buckets
   * (Steinarsson 2013) among them, which keeps the look of the line.
   */
  readonly method?: SampleMethod | undefined;
  /**
   * Another metric to stand on the x axis, or `true` for the one that `defineMetric` names as `stepMetric`. The history then
   * has `x`: for each point the value of that metric at the same step (of several the one logged as often there), else
   * its latest at a lower step; NaN where there is none yet. `true` is `INVALID_ARGUMENT` for a key without a `stepMetric`; if no keys
   * are named, such metrics have NaN.
   */
  readonly x?: string | true | undefined;
  /**
   * What to do when records of the run are damaged or missing: `"reject"` (default) with `CORRUPT`, naming the object, or
   * `"skip"` to get what is intact.
   */
  readonly damaged?: "reject" | "skip" | undefined;
}

const NAMES: OptionNames<HistoryOptions> = {
  from: true,
  to: true,
  fromTime: true,
  toTime: true,
  samples: true,
  method: true,
  x: true,
  damaged: true,
  signal: true,
};

/** Returns a copy. Throws `INVALID_ARGUMENT` naming the option. */
export function checkHistoryOptions(given: HistoryOptions | undefined): HistoryOptions {
  const options = readOptions("history", given, NAMES);
  checkBounds(options, ["from", "to", "fromTime", "toTime"]);
  const { samples, method, x, damaged } = options;
  if (samples !== undefined && !(Number.isSafeInteger(samples) && samples >= 2))
    throw invalidArgument("samples", "a whole number of at least 2", samples);
  if (method !== undefined) checkChoice("method", method, ["minmax", "lttb"]);
  if (x !== undefined && x !== true && (typeof x !== "string" || x === ""))
    throw invalidArgument("x", "the name of a metric, or true", x);
  if (damaged !== undefined) checkChoice("damaged", damaged, ["reject", "skip"]);
  return options;
}

/** Throws `INVALID_ARGUMENT` naming a bound that is given and is not a number, or is NaN. */
export function checkBounds<Name extends string>(options: { readonly [name in Name]?: unknown }, names: Name[]): void {
  for (const name of names) {
    const bound = options[name];
    if (bound !== undefined && (typeof bound !== "number" || Number.isNaN(bound)))
      throw invalidArgument(name, "a number", bound);
  }
}

/** Returns a copy of a list of names, or nothing. Throws `INVALID_ARGUMENT` for anything else. */
export function checkKeys(keys: unknown): string[] | undefined {
  if (keys === undefined) return undefined;
  const own = ownList("keys", "an array of strings", keys as unknown[]);
  if (own.every((key) => typeof key === "string")) return own;
  throw invalidArgument("keys", "an array of strings", keys);
}
