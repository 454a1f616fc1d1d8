import { checkChoice } from "../arguments/choice.ts";
import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";
import { type Extremes, type Level, BUCKETS, COARSE_BUCKETS, bucketStart } from "./overview/buckets.ts";
import { type Series, pickPoints } from "./series.ts";
import { lttb } from "./lttb.ts";

/** How to choose among the points of a series. */
export type SampleMethod = "minmax" | "lttb";

/** Throws `INVALID_ARGUMENT` unless `samples` is an integer of at least 2 and `method` a known one. */
function checkSampling(samples: number, method: SampleMethod): void {
  if (typeof samples !== "number") throw invalidArgument("samples", "an integer of at least 2", samples);
  if (!Number.isSafeInteger(samples) || samples < 2) {
    const message = `samples must be an integer of at least 2, but is ${samples}`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "samples", received: "number" });
  }
  checkChoice("method", method, ["minmax", "lttb"]);
}

/**
 * The level of detail that a sample of a series of `n` points is made from, `undefined` where it takes the points
 * themselves. (A series of no more than 500 points is whole in either level.)
 */
export function levelFor(n: number, samples: number, method: SampleMethod): Level | undefined {
  if (n <= BUCKETS) return COARSE_BUCKETS;
  if (n <= samples) return undefined;
  if (method === "lttb") return samples <= BUCKETS ? BUCKETS : undefined;
  return samples <= BUCKETS ? COARSE_BUCKETS : samples <= 2 * BUCKETS ? BUCKETS : undefined;
}

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

/**
 * The lowest and the highest point of each group of a series, in its order, between its ends if those are wanted: of one whose lowest
 * is its highest that point, of one without numbers none. A point equal to the one before it in step, time and value, as the end of a
 * series is that is an extreme, is left out. `startOf` gives the first point of a group, and behind the last group the end.
 */
function extremePoints(series: Series, groups: number, startOf: (group: number) => number, withEnds: boolean): Series {
  const { steps, times, values } = series;
  const chosen = new Uint32Array(2 * groups + 2);
  let length = 0;
  const push = (i: number): void => {
    if (length > 0) {
      const before = chosen[length - 1]!;
      if (steps[before] === steps[i] && times[before] === times[i] && Object.is(values[before], values[i])) return;
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
      if (value !== value) continue;
      // No comparison with the NaN of a group without numbers holds.
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
    if (minAt < 0) continue;
    push(Math.min(minAt, maxAt));
    if (min !== max) push(Math.max(minAt, maxAt));
  }
  if (withEnds) push(values.length - 1);
  return pickPoints(series, chosen.subarray(0, length));
}
