import type { Series } from "../series.ts";

/** The two levels of detail, by their number of buckets. */
export type Level = 250 | 500;

/** The lowest and highest points of a series of `n`, NaN included, by bucket, and its ends. */
export interface Extremes {
  readonly n: number;
  readonly buckets: Level;
  /**
   * The first point of the series, two of each bucket in the order of the series, and the last point. The two are one point where the
   * lowest is the highest, and their values NaN where the bucket has no number.
   */
  readonly points: Series;
}

/** Buckets of the finer level. */
export const BUCKETS = 500;
/** Buckets of the coarser level: pairs of the finer. */
export const COARSE_BUCKETS = 250;

/** Index of the first point of bucket `bucket`, when `n` points are cut into `buckets` of equal count. */
export function bucketStart(bucket: number, n: number, buckets: number): number {
  // In two parts: bucket * n might go beyond 2^53.
  return bucket * Math.floor(n / buckets) + Math.floor((bucket * (n % buckets)) / buckets);
}

/** Makes up to `count` columns in one piece of memory: of many small ones each takes as long to get as to fill. */
export function newColumns(count: number, buckets: number): () => Float64Array {
  const memory = new Float64Array(count * buckets);
  let at = 0;
  return () => memory.subarray(at, (at += buckets));
}

/**
 * The lowest and the highest point of each bucket. Of equal values it is the first, and -0 equals 0. A bucket without any
 * number has a `minValues` of NaN, as no other has, and nothing else of it means anything.
 */
export class ExtremeColumns {
  readonly buckets: number;
  readonly minValues: Float64Array;
  readonly minSteps: Float64Array;
  readonly minTimes: Float64Array;
  readonly maxValues: Float64Array;
  readonly maxSteps: Float64Array;
  readonly maxTimes: Float64Array;
  /** 1 where the lowest comes before the highest, or is the same point. */
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

  /** Whether the bucket has a number. */
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

/** Buckets merged evenly into `groups`: group `g` is made of those from `floor(g * buckets / groups)` on. */
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
