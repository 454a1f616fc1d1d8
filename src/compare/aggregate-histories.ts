import { checkChoice } from "../arguments/choice.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import { ownList } from "../arguments/own-list.ts";
import { invalidArgument, reading } from "../errors/ledger-error.ts";
import { mapBounded } from "../platform/bounded.ts";
import { breakIfDue, inSlices } from "../platform/event-loop.ts";
import { type AlignedRun, alignRun } from "./align-runs.ts";
import { aggregateRuns, intoBins, type PointStatistics } from "./aggregate-runs.ts";

/** What reads histories: an open ledger. */
export interface HistorySource {
  /** Returns the history of a metric, as `ledger.history` does. */
  history(
    runId: string,
    key: string,
    options?: {
      /** The lowest step, inclusive. */
      readonly from?: number | undefined;
      /** The highest step, inclusive. */
      readonly to?: number | undefined;
      /** Another metric for the x axis. */
      readonly x?: string | undefined;
      /** Which points of a run of several sessions. */
      readonly view?: "all" | "latest" | undefined;
      /** What to do if records of the run are damaged. */
      readonly damaged?: "reject" | "skip" | undefined;
      /** Cancels the call. */
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<{
    /** The step of each point, ascending. */
    readonly steps: Float64Array;
    /** The time of each point, in ms since the epoch. */
    readonly times: Float64Array;
    /** The value of each point. */
    readonly values: Float64Array;
    /** The values of the metric on the x axis. */
    readonly x?: Float64Array;
  }>;
  /** Returns the record of a run, as `ledger.getRun` does. */
  getRun(
    runId: string,
    options?: {
      /** Cancels the call. */
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<{
    /** When the run began, in ms since the epoch. */
    readonly startTime: number;
  }>;
}

/** How to align the runs, and what to compute. */
export interface AggregateOptions {
  /**
   * What the points of different runs have in common. `"step"` (default): points of the same step. `"time"`: ms since
   * the start of the run, in `bins`. Any other text names a metric, such as `epoch`: each point gets its value as `x`
   * of `ledger.history` does, and points of the same value are together.
   */
  readonly by?: string | undefined;
  /**
   * Cuts the range from the least to the greatest x into this many stretches of equal length. Of each run, the last
   * point of a stretch counts. A stretch without points is left out, and `x` is its middle. Default: 100 for `"time"`,
   * otherwise none, so that only points with exactly the same x are together.
   */
  readonly bins?: number | undefined;
  /** Numbers from 0 to 1, at most 100. Default `[0.25, 0.5, 0.75]`. */
  readonly quantiles?: readonly number[] | undefined;
  /** The lowest step to read, inclusive. Default: no bound. */
  readonly from?: number | undefined;
  /** The highest step to read, inclusive. Default: no bound. */
  readonly to?: number | undefined;
  /** Whether points that a later session of a run replaced count, as for `ledger.history`. Default `"all"`. */
  readonly view?: "all" | "latest" | undefined;
  /** What to do if records of a run are damaged or missing, as for `ledger.history`. Default `"reject"`. */
  readonly damaged?: "reject" | "skip" | undefined;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

/** A run of an aggregate. */
export interface AggregatedRun {
  /** The id of the run. */
  readonly id: string;
  /** How many points of the run count: of several with the same x, only the last one. */
  readonly points: number;
  /** The least x of the run. Absent without points. */
  readonly first?: number;
  /** The greatest x of the run. Absent without points. */
  readonly last?: number;
  /** Whether another run goes on to a greater x. */
  readonly endsEarly: boolean;
  /** How many points have no x, because the metric on the x axis has no value there. They do not count. */
  readonly withoutX: number;
}

/** One metric over several runs. The arrays have one entry for each x that a run has. */
export interface AggregatedHistory extends PointStatistics {
  /** The runs that have the metric, in the order of the ids. */
  readonly runs: readonly AggregatedRun[];
  /** The ids of the runs that never logged the metric, in the order given. With `from` or `to`: not in this range. */
  readonly missing: readonly string[];
}

const NAMES: OptionNames<AggregateOptions> = {
  by: true,
  bins: true,
  quantiles: true,
  from: true,
  to: true,
  view: true,
  damaged: true,
  signal: true,
};
/** How many histories are read at a time. */
const AT_ONCE = 8;
const MAX_BINS = 1_000_000;
const MAX_QUANTILES = 100;

/**
 * Returns the statistics of a metric over runs: mean, standard deviation, least and greatest value and quantiles at
 * every step, and how many runs are behind them. Each id counts once. Nothing is interpolated: a run counts where it
 * has a point. The result does not depend on the order of the ids, apart from `runs` and `missing`. The memory grows
 * with the number of points of all runs.
 *
 * Rejects with `INVALID_ARGUMENT`, which names the wrong argument, and as `ledger.history` does: with `RUN_NOT_FOUND`
 * for an id that no run has, and with `CORRUPT` for a damaged run.
 */
export async function aggregateHistories(
  ledger: HistorySource,
  ids: readonly string[],
  key: string,
  options?: AggregateOptions,
): Promise<AggregatedHistory> {
  const isSource = reading("ledger", () =>
    [ledger?.history, ledger?.getRun].every((method) => typeof method === "function"),
  );
  if (!isSource) throw invalidArgument("ledger", "an open ledger", ledger);
  const own = [...new Set(ownList("ids", "an array of ids of runs", ids))];
  if (typeof key !== "string") throw invalidArgument("key", "a string", key);
  const { by, bins, quantiles, signal, ...range } = checkOptions(options);
  const read = await mapBounded(own, AT_ONCE, signal, async (id, stop) => {
    const x = by === "step" || by === "time" ? undefined : by;
    const call = { ...range, ...(x !== undefined && { x }), signal: stop };
    const [history, startTime] = await Promise.all([
      ledger.history(id, key, call),
      by === "time" ? ledger.getRun(id, { signal: stop }).then((record) => record.startTime) : 0,
    ]);
    const { steps, times, values } = history;
    if (values.length === 0) return undefined;
    const axis = by === "step" ? steps : by === "time" ? times.map((time) => time - startTime) : history.x!;
    await breakIfDue();
    const points = await inSlices(alignRun(axis, values));
    return { id, points, withoutX: x === undefined ? 0 : axis.filter(Number.isNaN).length };
  });
  const found = read.filter((run) => run !== undefined);
  const aligned: readonly AlignedRun[] = found.map(({ points }) => points);
  const binned = bins === undefined ? aligned : await inSlices(intoBins(aligned, bins));
  const statistics = await inSlices(aggregateRuns(binned, quantiles, signal));
  const end = aligned.reduce((most, { x }) => Math.max(most, x.at(-1) ?? -Infinity), -Infinity);
  return {
    ...statistics,
    runs: found.map(({ id, points: { x }, withoutX }, i) => ({
      id,
      points: binned[i]!.x.length,
      ...(x.length > 0 && { first: x[0]!, last: x.at(-1)! }),
      endsEarly: (x.at(-1) ?? -Infinity) < end,
      withoutX,
    })),
    missing: own.filter((_, i) => read[i] === undefined),
  };
}

interface Checked extends AggregateOptions {
  readonly by: string;
  readonly quantiles: readonly number[];
}

function checkOptions(given: AggregateOptions | undefined): Checked {
  const options = readOptions("aggregateHistories", given, NAMES);
  const { by = "step", quantiles = [0.25, 0.5, 0.75], from, to, view, damaged } = options;
  if (typeof by !== "string" || by === "") throw invalidArgument("by", '"step", "time" or the name of a metric', by);
  const bins = options.bins ?? (by === "time" ? 100 : undefined);
  if (bins !== undefined && !(Number.isSafeInteger(bins) && bins >= 1 && bins <= MAX_BINS))
    throw invalidArgument("bins", `a whole number from 1 to ${MAX_BINS}`, bins);
  const own = ownList("quantiles", "an array of numbers from 0 to 1", quantiles);
  if (own.length > MAX_QUANTILES)
    throw invalidArgument("quantiles", `an array of at most ${MAX_QUANTILES} numbers`, quantiles);
  for (const [i, q] of own.entries())
    if (typeof q !== "number" || !(q >= 0 && q <= 1))
      throw invalidArgument(`quantiles[${i}]`, "a number from 0 to 1", q);
  for (const [name, bound] of [["from", from] as const, ["to", to] as const])
    if (bound !== undefined && (typeof bound !== "number" || Number.isNaN(bound)))
      throw invalidArgument(name, "a number", bound);
  if (view !== undefined) checkChoice("view", view, ["all", "latest"]);
  if (damaged !== undefined) checkChoice("damaged", damaged, ["reject", "skip"]);
  return { ...options, by, ...(bins !== undefined && { bins }), quantiles: own };
}
