import type { Series } from "../series.ts";

/** The two levels of detail, named by their number of buckets. */
export type Level = 250 | 500;

/** The lowest and highest points of a series of `n`, NaN included, by bucket, and its ends. */
export interface Extremes {
  readonly n: number;
  readonly buckets: Level;
  /**
   * The first point of the series, two of each bucket in the order of the series, and the last point. The two are the
   * same point if the lowest is the highest. Their values are NaN if the bucket has no number.
   */
  readonly points: Series;
}

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
 * without numbers, and no other, has NaN in `minValues`. Its other columns have no meaning.
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

  constructor(buckets: number) {
    this.buckets = buckets;
    const column = newColumns(6, buckets);
    this.minValues = column().fill(Number.NaN);
    this.minSteps = column();
    this.minTimes = column();
    this.maxValues = column().fill(Number.NaN);
    this.maxSteps = column();
    this.maxTimes = column();
    this.minFirst = new Uint8Array(buckets);
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
    for (let b = bucketStart(group, columns.buckets, groups); b < end; b++) {
      if (!columns.has(b)) continue;
      if (min < 0 || (columns.minValues[b] as number) < (columns.minValues[min] as number)) min = b;
      if (max < 0 || (columns.maxValues[b] as number) > (columns.maxValues[max] as number)) max = b;
    }
    if (min < 0) continue;
    merged.copyMin(group, columns.minValues, columns.minSteps, columns.minTimes, min);
    merged.copyMax(group, columns.maxValues, columns.maxSteps, columns.maxTimes, max);
    merged.minFirst[group] = min < max || (min === max && columns.minFirst[min] === 1) ? 1 : 0;
  }
  return merged;
}
