import { invalidArgument } from "../backend/error.ts";
import type { CallOptions } from "../backend/backend.ts";
import type { SampleMethod } from "./downsample/method.ts";

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
   * its latest at a lower step; NaN where there is none yet.
   */
  readonly x?: string | true | undefined;
  /**
   * What to do when records of the run are damaged or missing: `"reject"` (default) with `CORRUPT`, naming the object, or
   * `"skip"` to get what is intact.
   */
  readonly damaged?: "reject" | "skip" | undefined;
}

/** Throws `INVALID_ARGUMENT` naming the option. */
export function checkHistoryOptions(options: HistoryOptions): void {
  if (typeof options !== "object" || options === null) throw invalidArgument("options", "an object", options);
  for (const name of ["from", "to", "fromTime", "toTime"] as const) {
    const bound: unknown = options[name];
    if (bound !== undefined && (typeof bound !== "number" || Number.isNaN(bound)))
      throw invalidArgument(name, "a number", bound);
  }
  const { samples, method, x, damaged } = options;
  if (samples !== undefined && !(Number.isSafeInteger(samples) && samples >= 2))
    throw invalidArgument("samples", "a whole number of at least 2", samples);
  if (method !== undefined && method !== "minmax" && method !== "lttb")
    throw invalidArgument("method", '"minmax" or "lttb"', method);
  if (x !== undefined && x !== true && (typeof x !== "string" || x === ""))
    throw invalidArgument("x", "the name of a metric, or true", x);
  if (damaged !== undefined && damaged !== "reject" && damaged !== "skip")
    throw invalidArgument("damaged", '"reject" or "skip"', damaged);
}

/** Throws `INVALID_ARGUMENT` unless it is a list of names, or nothing. */
export function checkKeys(keys: unknown): void {
  if (keys === undefined || (Array.isArray(keys) && keys.every((key) => typeof key === "string"))) return;
  throw invalidArgument("keys", "an array of strings", keys);
}
