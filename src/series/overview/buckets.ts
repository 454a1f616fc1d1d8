import type { Series } from "../series.ts";

/** The two levels of detail, named by their number of buckets. */
export type Level = 250 | 500;

/** The lowest and highest points of a series of `n`, NaN included, by bucket, its ends, and its NaNs. */
export interface Extremes extends LevelPoints {
  readonly n: number;
  readonly buckets: Level;
}

/** The points that a level of detail has of a series. */
export interface LevelPoints {
  /**
   * The first point of the series, two of each bucket in the order of the series, and the last point. The two are the
   * same point if the lowest is the highest. If the bucket has no number, both are its first point.
   */
  readonly points: Series;
  /** The first NaN of each bucket that has numbers, too. */
  readonly nans: {
    /** Three times the number of the bucket, plus how many of its two points come before the NaN. */
    readonly places: Float64Array;
    readonly steps: Float64Array;
    readonly times: Float64Array;
  };
}

/** The place of the first NaN in a bucket without NaN. */
export const NO_NAN = 3;

/** Buckets of the finer level. */
export const BUCKETS = 500;
/** Buckets of the coarser level: pairs of those of the finer. */
export const COARSE_BUCKETS = 250;

/**
 * Returns the index of the first point of a bucket, if `n` points are divided into `buckets` buckets of equal count.
 */
export function bucketStart(bucket: number, n: number, buckets: number): number {
  // In two parts, because bucket * n might exceed 2^53.
  return bucket * Math.floor(n / buckets) + Math.floor((bucket * (n % buckets)) / buckets);
}

/**
 * Returns a function that makes up to `count` columns in one block of memory. Allocating a small one takes as long as
 * filling it.
 */
export function newColumns(count: number, buckets: number): () => Float64Array {
  const memory = new Float64Array(count * buckets);
  let at = 0;
  return () => memory.subarray(at, (at += buckets));
}

/**
 * The lowest and the highest point of each bucket: the first of those with equal values, where -0 equals 0. A bucket
 * without numbers, and no other, has NaN in `minValues`. Its other columns of extremes have no meaning.
 */
export class ExtremeColumns {
  readonly buckets: number;
  readonly minValues: Float64Array;
  readonly minSteps: Float64Array;
  readonly minTimes: Float64Array;
  readonly maxValues: Float64Array;
  readonly maxSteps: Float64Array;
  readonly maxTimes: Float64Array;
  /** 1 if the lowest point comes before the highest or is the same point, else 0. */
  readonly minFirst: Uint8Array;
  /** How many of the two extremes come before the first NaN of the bucket, or {@link NO_NAN}. */
  readonly nanPlaces: Uint8Array;
  /** The step and time of that NaN. */
  readonly nanSteps: Float64Array;
  readonly nanTimes: Float64Array;

  constructor(buckets: number) {
    this.buckets = buckets;
    const column = newColumns(8, buckets);
    this.minValues = column().fill(Number.NaN);
    this.minSteps = column();
    this.minTimes = column();
    this.maxValues = column().fill(Number.NaN);
    this.maxSteps = column();
    this.maxTimes = column();
    this.minFirst = new Uint8Array(buckets);
    this.nanPlaces = new Uint8Array(buckets).fill(NO_NAN);
    this.nanSteps = column();
    this.nanTimes = column();
  }

  /** Returns whether the bucket has a number. */
  has(bucket: number): boolean {
    const value = this.minValues[bucket] as number;
    return value === value;
  }

  setMin(bucket: number, value: number, step: number, time: number): void {
    this.minValues[bucket] = value;
    this.minSteps[bucket] = step;
    this.minTimes[bucket] = time;
  }

  setMax(bucket: number, value: number, step: number, time: number): void {
    this.maxValues[bucket] = value;
    this.maxSteps[bucket] = step;
    this.maxTimes[bucket] = time;
  }

  setNaN(bucket: number, place: number, step: number, time: number): void {
    this.nanPlaces[bucket] = place;
    this.nanSteps[bucket] = step;
    this.nanTimes[bucket] = time;
  }

  copyMin(bucket: number, values: Float64Array, steps: Float64Array, times: Float64Array, from: number): void {
    this.setMin(bucket, values[from] as number, steps[from] as number, times[from] as number);
  }

  copyMax(bucket: number, values: Float64Array, steps: Float64Array, times: Float64Array, from: number): void {
    this.setMax(bucket, values[from] as number, steps[from] as number, times[from] as number);
  }
}

/** Merges buckets evenly into `groups` groups. Group `g` begins with bucket `floor(g * buckets / groups)`. */
export function mergeBuckets(columns: ExtremeColumns, groups: number): ExtremeColumns {
  const merged = new ExtremeColumns(groups);
  for (let group = 0; group < groups; group++) {
    const end = bucketStart(group + 1, columns.buckets, groups);
    let min = -1;
    let max = -1;
    let nan = -1;
    for (let b = bucketStart(group, columns.buckets, groups); b < end; b++) {
      if (nan < 0 && columns.nanPlaces[b] !== NO_NAN) nan = b;
      if (!columns.has(b)) continue;
      if (min < 0 || (columns.minValues[b] as number) < (columns.minValues[min] as number)) min = b;
      if (max < 0 || (columns.maxValues[b] as number) > (columns.maxValues[max] as number)) max = b;
    }
    if (nan >= 0) {
      const own = columns.nanPlaces[nan] as number;
      // In the bucket of the NaN, the first `own` of the two extremes come before it.
      const isBefore = (extreme: number, isFirst: boolean): boolean =>
        extreme < nan ? extreme >= 0 : extreme === nan && own > (isFirst ? 0 : 1);
      const minIsFirst = columns.minFirst[nan] === 1;
      const place = Number(isBefore(min, minIsFirst)) + Number(isBefore(max, !minIsFirst));
      merged.setNaN(group, place, columns.nanSteps[nan] as number, columns.nanTimes[nan] as number);
    }
    if (min < 0) continue;
    merged.copyMin(group, columns.minValues, columns.minSteps, columns.minTimes, min);
    merged.copyMax(group, columns.maxValues, columns.maxSteps, columns.maxTimes, max);
    merged.minFirst[group] = min < max || (min === max && columns.minFirst[min] === 1) ? 1 : 0;
  }
  return merged;
}
