import { LedgerError } from "../../errors/ledger-error.ts";
import { BUCKETS, bucketStart, COARSE_BUCKETS } from "../overview/bucket-columns.ts";
import type { Extremes } from "../overview/extremes.ts";
import { pickPoints, type Series } from "../series.ts";
import { extremePoints } from "./extreme-points.ts";
import { lttb } from "./lttb.ts";
import { checkSampling, levelFor, type SampleMethod } from "./method.ts";

/**
 * At most `samples` points of a series (2 or more), in its order and each as it was logged; the series itself, NaN included,
 * if it has no more. The same points, whatever they are taken from.
 *
 * `"minmax"`: the series is cut into `floor(samples / 2) - 1` groups of about equal count, of each its lowest and highest
 * point are given, one if they are the same, none if it holds nothing but NaN; then the first and the last point of the
 * series, NaN or not. With 2 or 3 samples it is the lowest and the highest point alone. The groups are made of the buckets of
 * the coarser level of detail up to 500 samples, of the finer up to 1,000, of points beyond.
 *
 * `"lttb"`: {@link lttb} over the extremes of the finer level and the ends of the series up to 500 samples, over all points
 * that are no NaN and the ends beyond. To choose among extremes is MinMaxLTTB (J. Van Der Donckt et al., MinMaxLTTB: Leveraging
 * MinMax-Preselection to Scale LTTB, 2023).
 *
 * Throws `INVALID_ARGUMENT` for other samples and methods.
 */
export function sampleSeries(series: Series, samples: number, method: SampleMethod): Series {
  checkSampling(samples, method);
  const n = series.values.length;
  if (n <= samples) return series;
  if (method === "lttb" && samples > BUCKETS) return lttb(withoutNaN(series), samples);
  // As if buckets were merged: those of the levels of detail, of which the groups are made.
  const fine = levelFor(n, samples, method) === undefined ? groupsFor(samples) : Math.min(n, BUCKETS);
  const { groups, startOf } = groupsOf(fine, samples, method);
  const firstOf = (group: number): number => bucketStart(startOf(group), n, fine);
  return choose(series, groups, firstOf, samples, method);
}

/**
 * The same points as {@link sampleSeries} gives, from a level of detail of a series of more than 500 points. Throws
 * `INVALID_ARGUMENT` where that level is not enough: see `levelFor`.
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
  // Behind the first point two of each bucket.
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

/** The groups whose extremes are given, of `fine` buckets: as if those were merged into the coarser level of detail first. */
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

/** With the ends, two points a group are no more than the samples. */
function groupsFor(samples: number): number {
  return Math.max(1, Math.floor(samples / 2) - 1);
}

/** NaN at the ends stays. */
function withoutNaN(series: Series): Series {
  const { values } = series;
  const last = values.length - 1;
  const kept = Uint32Array.from(values.keys()).filter((i) => i === 0 || i === last || !Number.isNaN(values[i]));
  return kept.length > last ? series : pickPoints(series, kept);
}
