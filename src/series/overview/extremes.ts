import type { Point } from "../../journal/summary.ts";
import type { ExtremeColumns } from "./bucket-columns.ts";

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
