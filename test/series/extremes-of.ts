import { type Extremes, type Level, mergeBuckets } from "../../src/series/overview/buckets.ts";
import { levelPoints } from "../../src/series/overview/overview-writer.ts";
import type { SeriesOverview } from "../../src/series/overview/overview-builder.ts";

/** The extremes at one level of an overview of more than 500 points. */
export function extremesOf({ n, first, last, extremes }: SeriesOverview, level: Level): Extremes {
  return {
    n,
    buckets: level,
    ...levelPoints(first, level === 500 ? extremes : mergeBuckets(extremes, level), last),
  };
}
