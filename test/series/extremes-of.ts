import { BUCKETS, mergeBuckets } from "../../src/series/overview/bucket-columns.ts";
import type { Extremes, Level } from "../../src/series/overview/extremes.ts";
import type { SeriesOverview } from "../../src/series/overview/overview-builder.ts";

/** The extremes at one level of an overview. */
export function extremesOf({ n, first, last, buckets: { extremes } }: SeriesOverview, level: Level): Extremes {
  return { n, first, last, level: n <= BUCKETS || level === BUCKETS ? extremes : mergeBuckets(extremes, level) };
}
