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
