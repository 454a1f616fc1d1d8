import type { Point } from "../../journal/summary.ts";
import { BUCKETS, type ExtremeColumns, mergeBuckets } from "./bucket-columns.ts";
import type { SeriesOverview } from "./overview-builder.ts";

/** The two levels of detail, by their number of buckets. */
export type Level = 250 | 500;

/** The lowest and highest points of a series, by bucket, and its ends. */
export interface Extremes {
  /** Points of the series, NaN included. */
  readonly n: number;
  readonly first: Point;
  readonly last: Point;
  /** As many buckets as the level has, or one a point where the series has no more than 500. */
  readonly level: ExtremeColumns;
}

/** The extremes at one level of an overview. */
export function extremesOf({ n, first, last, buckets: { extremes } }: SeriesOverview, level: Level): Extremes {
  return { n, first, last, level: n <= BUCKETS || level === BUCKETS ? extremes : mergeBuckets(extremes, level) };
}
