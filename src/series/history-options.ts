import { type OptionNames, readOptions } from "../arguments/options.ts";
import { checkChoice } from "../arguments/choice.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import { ownList } from "../arguments/own-list.ts";
import type { CallOptions } from "../backend/backend.ts";
import type { SampleMethod } from "./downsample.ts";
import type { Series } from "./series.ts";

/** Which points of a metric to read, and how many. */
export interface HistoryOptions extends CallOptions {
  /** The lowest step, inclusive. Default: no bound. */
  readonly from?: number | undefined;
  /** The highest step, inclusive. Default: no bound. */
  readonly to?: number | undefined;
  /** The earliest time, in ms since the epoch, inclusive. Default: no bound. */
  readonly fromTime?: number | undefined;
  /** The latest time, in ms since the epoch, inclusive. Default: no bound. */
  readonly toTime?: number | undefined;
  /**
   * The most points to return, at least 2. They are points of the series, and the same ones every time. For up to 1,000
   * points of a long series of a finished run, only an overview of some kilobytes is read. If the series has NaN, a
   * sample of 3 points or more shows it, and up to a third of the points are NaN. Default: every point.
   */
  readonly samples?: number | undefined;
  /**
   * How to choose `samples`. `"minmax"` (default) takes the least and the greatest value of each stretch. `"lttb"`
   * (largest triangle three buckets, Steinarsson 2013) chooses among those, and keeps the look of the line. Both also
   * take the first NaN of each stretch that has one.
   */
  readonly method?: SampleMethod | undefined;
  /**
   * Another metric for the x axis, or `true` for the metric that `defineMetric` names as `stepMetric`. The history then
   * has `x`: for each point, the value of that metric at the same step, or else its latest value at a lower step, or
   * NaN if there is none. If both have several values at a step, the n-th belongs to the n-th. `true` rejects with
   * `INVALID_ARGUMENT` if a named key has no `stepMetric`; if no keys are named, such metrics have NaN.
   */
  readonly x?: string | true | undefined;
  /**
   * Which points of a run of several sessions. `"all"` (default): every point that was logged. `"latest"`: without
   * those that a later session replaced by going back in steps, as a training does that crashed at step 60 and went on
   * from the checkpoint of step 50. A session that certainly began after the end of others replaces their points of a
   * metric from the step of its own first point of the metric on, or, if it has none, of its first row. Sessions that
   * may have run beside each other replace nothing, and neither are metrics called `system/…` replaced.
   */
  readonly view?: "all" | "latest" | undefined;
  /**
   * What to do if records of the run are damaged or missing. `"reject"` (default) rejects with `CORRUPT`, naming the
   * object. `"skip"` returns what is intact.
   */
  readonly damaged?: "reject" | "skip" | undefined;
}

/** Returns the history of a metric without points. */
export function emptySeries({ x }: HistoryOptions): Series {
  const none = (): Float64Array => new Float64Array(0);
  return { steps: none(), times: none(), values: none(), ...(x !== undefined && { x: none() }) };
}

const NAMES: OptionNames<HistoryOptions> = {
  from: true,
  to: true,
  fromTime: true,
  toTime: true,
  samples: true,
  method: true,
  x: true,
  view: true,
  damaged: true,
  signal: true,
};

/** Returns a checked copy of the options. Throws `INVALID_ARGUMENT` that names the wrong one. */
export function checkHistoryOptions(given: HistoryOptions | undefined): HistoryOptions {
  const options = readOptions("history", given, NAMES, "options", (name) =>
    name === "latest" ? '; pass view: "latest"' : "",
  );
  checkBounds(options, ["from", "to", "fromTime", "toTime"]);
  const { samples, method, x, view, damaged } = options;
  if (samples !== undefined && !(Number.isSafeInteger(samples) && samples >= 2))
    throw invalidArgument("samples", "a whole number of at least 2", samples);
  if (method !== undefined) checkChoice("method", method, ["minmax", "lttb"]);
  if (x !== undefined && x !== true && (typeof x !== "string" || x === ""))
    throw invalidArgument("x", "the name of a metric, or true", x);
  if (view !== undefined) checkChoice("view", view, ["all", "latest"]);
  if (damaged !== undefined) checkChoice("damaged", damaged, ["reject", "skip"]);
  return options;
}

/** Throws `INVALID_ARGUMENT` for a bound that is given but is not a number, or is NaN. */
export function checkBounds<Name extends string>(options: { readonly [name in Name]?: unknown }, names: Name[]): void {
  for (const name of names) {
    const bound = options[name];
    if (bound !== undefined && (typeof bound !== "number" || Number.isNaN(bound)))
      throw invalidArgument(name, "a number", bound);
  }
}

/** Returns a copy of a list of names, or `undefined` for `undefined`. Throws `INVALID_ARGUMENT` for anything else. */
export function checkKeys(keys: unknown): string[] | undefined {
  if (keys === undefined) return undefined;
  const own = ownList("keys", "an array of strings", keys as unknown[]);
  if (own.every((key) => typeof key === "string")) return own;
  throw invalidArgument("keys", "an array of strings", keys);
}
