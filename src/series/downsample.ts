import { checkChoice } from "../arguments/choice.ts";
import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";
import { type Extremes, type Level, BUCKETS, COARSE_BUCKETS, bucketStart } from "./overview/buckets.ts";
import { type Series, pickPoints } from "./series.ts";
import { lttb } from "./lttb.ts";

/** How to choose points of a series. */
export type SampleMethod = "minmax" | "lttb";

/** Throws `INVALID_ARGUMENT` unless `samples` is an integer of at least 2 and `method` is known. */
function checkSampling(samples: number, method: SampleMethod): void {
  if (typeof samples !== "number") throw invalidArgument("samples", "an integer of at least 2", samples);
  if (!Number.isSafeInteger(samples) || samples < 2) {
    const message = `samples must be an integer of at least 2, but is ${samples}`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "samples", received: "number" });
  }
  checkChoice("method", method, ["minmax", "lttb"]);
}

/**
 * Returns the level of detail from which a sample of a series of `n` points can be made, or `undefined` if that takes
 * the points themselves. Both levels hold all points of a series of at most 500 points.
 */
export function levelFor(n: number, samples: number, method: SampleMethod): Level | undefined {
  if (n <= BUCKETS) return COARSE_BUCKETS;
  if (n <= samples) return undefined;
  if (method === "lttb") return samples <= BUCKETS ? BUCKETS : undefined;
  return samples <= BUCKETS ? COARSE_BUCKETS : samples <= 2 * BUCKETS ? BUCKETS : undefined;
}

/**
 * Returns at most `samples` points of a series (2 or more), in its order and each as it was logged. Returns the series
 * itself, NaN included, if it has no more points. Gives the same points as {@link sampleExtremes}.
 *
 * `"minmax"` divides the series into `floor(samples / 2) - 1` groups of about equal count. It takes the lowest and the
 * highest point of each group: one point if they are the same, and none if the group holds only NaN. It adds the first
 * and the last point of the series, NaN or not. For 2 or 3 samples, it takes only the lowest and the highest point of
 * the series. Groups are made of the buckets of the coarser level of detail for up to 500 samples, of those of the
 * finer level for up to 1,000, and of points for more.
 *
 * `"lttb"` applies {@link lttb} to the extremes of the finer level and the ends of the series for up to 500 samples,
 * and to the ends and all points that are not NaN for more. Choosing among extremes is MinMaxLTTB (J. Van Der Donckt et
 * al., MinMaxLTTB: Leveraging MinMax-Preselection to Scale LTTB, 2023).
 *
 * Throws `INVALID_ARGUMENT` for other samples and methods.
 */
export function sampleSeries(series: Series, samples: number, method: SampleMethod): Series {
  checkSampling(samples, method);
  const n = series.values.length;
  if (n <= samples) return series;
  if (method === "lttb" && samples > BUCKETS) return lttb(withoutNaN(series), samples);
  // Groups of points that give what merging the buckets of a level of detail would give.
  const fine = levelFor(n, samples, method) === undefined ? groupsFor(samples) : Math.min(n, BUCKETS);
  const { groups, startOf } = groupsOf(fine, samples, method);
  const firstOf = (group: number): number => bucketStart(startOf(group), n, fine);
  return choose(series, groups, firstOf, samples, method);
}

/**
 * Returns the same points as {@link sampleSeries}, from a level of detail of a series of more than 500 points. Throws
 * `INVALID_ARGUMENT` if that level is not enough (see {@link levelFor}).
 */
export function sampleExtremes(extremes: Extremes, samples: number, method: SampleMethod): Series {
  checkSampling(samples, method);
  const needed = levelFor(extremes.n, samples, method);
  if (needed === undefined || needed > extremes.buckets) {
    throw new LedgerError(
      "INVALID_ARGUMENT",
      `${samples} samples by ${method} need more than a level of ${extremes.buckets} buckets`,
      { field: "samples", received: "number" },
    );
  }
  const { groups, startOf } = groupsOf(extremes.buckets, samples, method);
  // After the first point come two points of each bucket.
  const firstOf = (group: number): number => 1 + 2 * startOf(group);
  return choose(extremes.points, groups, firstOf, samples, method);
}

function choose(
  series: Series,
  groups: number,
  firstOf: (group: number) => number,
  samples: number,
  method: SampleMethod,
): Series {
  const points = extremePoints(series, groups, firstOf, method === "lttb" || samples >= 4);
  return method === "lttb" ? lttb(points, samples) : points;
}

/**
 * Returns the groups to take extremes from, made of `fine` buckets, as if these had first been merged into the coarser
 * level.
 */
function groupsOf(
  fine: number,
  samples: number,
  method: SampleMethod,
): { readonly groups: number; readonly startOf: (group: number) => number } {
  if (method === "lttb") return { groups: fine, startOf: (group) => group };
  const coarse = samples <= BUCKETS ? Math.min(fine, COARSE_BUCKETS) : fine;
  const groups = Math.min(coarse, groupsFor(samples));
  return { groups, startOf: (group) => bucketStart(bucketStart(group, coarse, groups), fine, coarse) };
}

/**
 * Returns the greatest number of groups for which two points of each, and the two ends, are at most `samples` points.
 */
function groupsFor(samples: number): number {
  return Math.max(1, Math.floor(samples / 2) - 1);
}

/** Returns the series without NaN, except at its ends. */
function withoutNaN(series: Series): Series {
  const { values } = series;
  const last = values.length - 1;
  const kept = Uint32Array.from(values.keys()).filter((i) => i === 0 || i === last || !Number.isNaN(values[i]));
  return kept.length > last ? series : pickPoints(series, kept);
}

/**
 * Returns the lowest and the highest point of each group of a series, in its order: one point if they are the same, and
 * none if the group has no numbers. With `withEnds`, adds the first and the last point of the series. Leaves out a
 * point that equals the one before it in step, time and value: the end of a series may be an extreme, too. `startOf`
 * returns the index of a group's first point, and the end of the series for the group after the last.
 */
function extremePoints(series: Series, groups: number, startOf: (group: number) => number, withEnds: boolean): Series {
  const { steps, times, values } = series;
  const chosen = new Uint32Array(2 * groups + 2);
  let length = 0;
  const push = (i: number): void => {
    if (length > 0) {
      const before = chosen[length - 1]!;
      if (steps[before] === steps[i] && times[before] === times[i] && Object.is(values[before], values[i])) return;
    }
    chosen[length++] = i;
  };

  if (withEnds) push(0);
  for (let group = 0, from = startOf(0); group < groups; group++) {
    const to = startOf(group + 1);
    let min = Number.NaN;
    let max = Number.NaN;
    let minAt = -1;
    let maxAt = -1;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (value !== value) continue;
      // Written so that the first number replaces the NaN: every comparison with NaN is false.
      if (!(value >= min)) {
        min = value;
        minAt = i;
      }
      if (!(value <= max)) {
        max = value;
        maxAt = i;
      }
    }
    from = to;
    if (minAt < 0) continue;
    push(Math.min(minAt, maxAt));
    if (min !== max) push(Math.max(minAt, maxAt));
  }
  if (withEnds) push(values.length - 1);
  return pickPoints(series, chosen.subarray(0, length));
}
