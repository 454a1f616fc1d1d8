import { checkKeys } from "../series/history-options.ts";
import type { Resolved } from "../arguments/options.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import { isMetricField, notAKey } from "../journal/metric-field.ts";
import type { RunRecord, RunStatus } from "../journal/run-record.ts";
import type { Series } from "../series/series.ts";

/** Options of `watchRun`. */
export interface WatchRunOptions {
  /** Ends the watching: the iterable rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Whether updates have points. Default `true`. */
  readonly points?: boolean | undefined;
  /** Only points of these metrics. Default: of all. */
  readonly keys?: readonly string[] | undefined;
  /**
   * About how many points an update holds at most. If more are new, as at the beginning of a long run, several updates
   * follow each other at once. Default 1,000,000, which take 24 MB.
   */
  readonly maxPoints?: number | undefined;
  /**
   * How long the backend may fail without one success in between, in ms, before its error is thrown. Default 60,000.
   */
  readonly giveUpMs?: number | undefined;
}

/** What is new in a run that is watched. */
export interface RunUpdate {
  /** The status of the run. With the last update it is final. */
  readonly status: RunStatus;
  /** The record as it is now; see `getRun`. */
  readonly record: RunRecord;
  /**
   * The points that no update before held, by metric. Metrics without new points are absent. Points of one writer are
   * in the order in which it logged them, not sorted by step.
   */
  readonly points: Map<string, Series>;
  /**
   * `true` if points that were logged are left out because their object is damaged or missing. `record.damage` says
   * where.
   */
  readonly gap?: true;
}

export type CheckedWatchOptions = Resolved<Pick<WatchRunOptions, "points" | "maxPoints" | "giveUpMs">> & {
  readonly keys: ReadonlySet<string> | undefined;
};

/** Returns checked options. Throws `INVALID_ARGUMENT`, which names the field. */
export function checkWatchOptions(options: WatchRunOptions): CheckedWatchOptions {
  if (typeof options !== "object" || options === null) throw invalidArgument("options", "an object", options);
  const { points = true, keys, maxPoints = 1_000_000, giveUpMs = 60_000 } = options;
  if (typeof points !== "boolean") throw invalidArgument("points", "a boolean", points);
  const names = checkKeys(keys);
  const wrong = names?.findIndex(isMetricField) ?? -1;
  if (names && wrong >= 0)
    throw notAKey(`keys[${wrong}]`, names[wrong]!, "; leave out keys for a metric whose key begins like that");
  if (!Number.isSafeInteger(maxPoints) || maxPoints < 1) {
    throw invalidArgument("maxPoints", "a positive integer", maxPoints);
  }
  if (typeof giveUpMs !== "number" || !(giveUpMs >= 0)) {
    throw invalidArgument("giveUpMs", "a non-negative number", giveUpMs);
  }
  return { points, keys: names && new Set(names), maxPoints, giveUpMs };
}
