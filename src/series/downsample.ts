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
 * itself if it has no more points. Gives the same points as {@link sampleExtremes}.
 *
 * `"minmax"` divides the series into `floor(samples / 2) - 1` groups of about equal count. It takes the lowest and the
 * highest point of each group: one point if they are the same. It adds the first and the last point of the series. For
 * 2 or 3 samples, it takes only the lowest and the highest point of the series. Groups are made of the buckets of the
 * coarser level of detail for up to 500 samples, of those of the finer level for up to 1,000, and of points for more.
 *
 * `"lttb"` applies {@link lttb} to the extremes of the finer level and the ends of the series for up to 500 samples,
 * and to the ends and all points that are not NaN for more. Choosing among extremes is MinMaxLTTB (J. Van Der Donckt et
 * al., MinMaxLTTB: Leveraging MinMax-Preselection to Scale LTTB, 2023).
 *
 * If the series has a NaN, both methods also take the first NaN of each of `floor((samples - 2) / 3)` groups, or of the
 * series for fewer than 5 samples. `"minmax"` then makes only so many groups, and adds the ends for 5 samples or more.
 * `"lttb"` chooses that many points fewer. A sample of 2 points has no room for a NaN.
 *
 * Throws `INVALID_ARGUMENT` for other samples and methods.
 */
export function sampleSeries(series: Series, samples: number, method: SampleMethod): Series {
  checkSampling(samples, method);
  const n = series.values.length;
  if (n <= samples) return series;
  // Groups of points that give what merging the buckets of a level of detail would give.
  const fine = levelFor(n, samples, method) === undefined ? undefined : Math.min(n, BUCKETS);
  return choose(series, fine, (bucket) => bucketStart(bucket, n, fine ?? n), samples, method);
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
  const { places } = extremes.nans;
  // After the first point come two points of each bucket, and its NaN.
  const startOf = (bucket: number): number => {
    const before = places.findIndex((place) => place >= 3 * bucket);
    return 1 + 2 * bucket + (before < 0 ? places.length : before);
  };
  return choose(withNaNs(extremes), extremes.buckets, startOf, samples, method);
}

/** Returns the points of a level and its NaNs, in the order of the series. */
function withNaNs({ points, nans }: Extremes): Series {
  const { places } = nans;
  const join = (column: Float64Array, own: Float64Array): Float64Array => {
    const joined = new Float64Array(column.length + places.length);
    let from = 0;
    for (const [i, place] of places.entries()) {
      const to = 1 + 2 * Math.floor(place / 3) + (place % 3);
      joined.set(column.subarray(from, to), from + i);
      joined[to + i] = own[i]!;
      from = to;
    }
    joined.set(column.subarray(from), from + places.length);
    return joined;
  };
  return {
    steps: join(points.steps, nans.steps),
    times: join(points.times, nans.times),
    values: join(points.values, new Float64Array(places.length).fill(Number.NaN)),
  };
}

/**
 * Chooses among the points of a series, or of a level of detail of one. `fine`: how many buckets there are to make
 * groups of; if absent, groups are made of the points. `startOf` returns the index of the first point of a bucket, and
 * the end of the last bucket for the number after it.
 */
function choose(
  series: Series,
  fine: number | undefined,
  startOf: (bucket: number) => number,
  samples: number,
  method: SampleMethod,
): Series {
  const n = series.values.length;
  const hasNaN = samples > 2 && series.values.includes(Number.NaN);
  const most = Math.max(1, hasNaN ? Math.floor((samples - 2) / 3) : Math.floor(samples / 2) - 1);
  const finest = fine ?? most;
  // As if the buckets had first been merged into the coarser level.
  const level = method === "minmax" && samples <= BUCKETS ? Math.min(finest, COARSE_BUCKETS) : finest;
  const groups = Math.min(level, most);
  const firstOf = (group: number): number => {
    if (fine === undefined) return bucketStart(group, n, groups);
    return startOf(bucketStart(bucketStart(group, level, groups), fine, level));
  };
  if (method === "minmax") {
    const withEnds = samples >= (hasNaN ? 5 : 4);
    return pickPoints(series, placesIn(series, groups, firstOf, { numbers: true, nans: hasNaN, withEnds }));
  }
  const candidates =
    fine === undefined
      ? placesOfNumbers(series.values)
      : placesIn(series, fine, startOf, { numbers: true, nans: false, withEnds: true });
  const nans = placesIn(series, groups, firstOf, { numbers: false, nans: hasNaN, withEnds: false });
  const line = candidates.length === n ? series : pickPoints(series, candidates);
  const chosen = lttb(line, samples - nans.length).map((i) => candidates[i]!);
  const both = new Uint32Array(chosen.length + nans.length);
  both.set(chosen);
  both.set(nans, chosen.length);
  return pickPoints(series, distinct(series, both.sort()));
}

/** Returns the indices of all values but NaN, and those of the first and the last value. */
function placesOfNumbers(values: Float64Array): Uint32Array {
  const last = values.length - 1;
  return Uint32Array.from(values.keys()).filter((i) => i === 0 || i === last || !Number.isNaN(values[i]));
}

/** Leaves out each point that equals the one before it in step, time and value. */
function distinct({ steps, times, values }: Series, places: Uint32Array): Uint32Array {
  return places.filter((at, i) => {
    const before = places[i - 1] ?? -1;
    return !(steps[before] === steps[at] && times[before] === times[at] && Object.is(values[before], values[at]));
  });
}

/**
 * Returns the indices of points of each group of a series, in ascending order: with `numbers` of the lowest and the
 * highest point, or of one point if they are the same; with `nans` of the first NaN; with `withEnds` of the first and
 * the last point of the series. Leaves out a point that equals the one before it: the end of a series may be an
 * extreme, too. `startOf` returns the index of a group's first point, and the end of the last group for the number
 * after it.
 */
function placesIn(
  series: Series,
  groups: number,
  startOf: (group: number) => number,
  { numbers, nans, withEnds }: { readonly numbers: boolean; readonly nans: boolean; readonly withEnds: boolean },
): Uint32Array {
  const { values } = series;
  const chosen = new Uint32Array(3 * groups + 2);
  let length = 0;
  let nanAt = -1;
  /** Adds a point, and before it the NaN if that comes first. */
  const push = (i: number): void => {
    if (nanAt >= 0 && nanAt < i) {
      chosen[length++] = nanAt;
      nanAt = -1;
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
      if (value !== value) {
        if (nans && nanAt < 0) nanAt = i;
        continue;
      }
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
    if (numbers && minAt >= 0) {
      push(Math.min(minAt, maxAt));
      if (min !== max) push(Math.max(minAt, maxAt));
    }
    if (nanAt >= 0) chosen[length++] = nanAt;
    nanAt = -1;
  }
  if (withEnds) push(values.length - 1);
  return distinct(series, chosen.subarray(0, length));
}
