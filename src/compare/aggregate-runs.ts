import { type AlignedRun, mergeAxes, placesIn } from "./align-runs.ts";
import { momentsOf, quantileOf, sortNumbers } from "./value-statistics.ts";

/** A quantile over the runs. */
export interface QuantileSeries {
  /** Which quantile: 0.5 for the median. */
  readonly q: number;
  /** Its value at each x: linear between the two nearest values. */
  readonly values: Float64Array;
}

/**
 * The statistics of runs at each x. NaN is counted in `nans` and nowhere else. Where all values are NaN, the statistics
 * are NaN.
 */
export interface PointStatistics {
  /** The steps, times or values of the metric on the x axis, ascending. */
  readonly x: Float64Array;
  /** The number of runs that have a value that is not NaN. */
  readonly counts: Uint32Array;
  /** The number of runs whose value is NaN. */
  readonly nans: Uint32Array;
  /** The mean of the values. Infinite with infinite values of one sign, NaN with both. */
  readonly mean: Float64Array;
  /** The standard deviation of the sample, with n - 1. NaN for a single value, and with infinite values. */
  readonly std: Float64Array;
  /** The least value. */
  readonly min: Float64Array;
  /** The greatest value. */
  readonly max: Float64Array;
  /** The quantiles, in the order asked for. */
  readonly quantiles: readonly QuantileSeries[];
}

/** How many values are worked on between two yields. */
const PIECE = 16_384;
/** Up to this many looks at a run for each of its points. */
const DENSE = 4;

/** Computes the statistics of runs. Yields where it may be interrupted, and then throws the reason of the signal. */
export function* aggregateRuns(
  runs: readonly AlignedRun[],
  quantiles: readonly number[],
  signal?: AbortSignal,
): Generator<void, PointStatistics, void> {
  const x = yield* mergeAxes(runs.map((run) => run.x));
  const points = runs.reduce((sum, run) => sum + run.x.length, 0);
  // Looking at every run for every x is the quickest way, unless most runs have nothing there.
  const gather = x.length * runs.length <= DENSE * points ? inTurns(x, runs) : yield* byPoint(x, runs);
  const column = (): Float64Array => new Float64Array(x.length).fill(Number.NaN);
  const [mean, std, min, max] = [column(), column(), column(), column()];
  const wanted = quantiles.map((q) => ({ q, values: column() }));
  const counts = new Uint32Array(x.length);
  const nans = new Uint32Array(x.length);
  const found = new Float64Array(runs.length);
  let work = 0;
  for (let i = 0; i < x.length; i++) {
    const all = gather(i, found);
    work += all + 1;
    if (work > PIECE) {
      work = 0;
      yield;
      signal?.throwIfAborted();
    }
    let count = 0;
    for (let at = 0; at < all; at++) {
      const value = found[at]!;
      // `+ 0` makes 0 of -0, so that the order of the runs changes nothing.
      if (!Number.isNaN(value)) found[count++] = value + 0;
    }
    counts[i] = count;
    nans[i] = all - count;
    if (count === 0) continue;
    sortNumbers(found, count);
    const moments = momentsOf(found, count);
    mean[i] = moments.mean;
    std[i] = moments.std;
    min[i] = found[0]!;
    max[i] = found[count - 1]!;
    for (const each of wanted) each.values[i] = quantileOf(found, count, each.q);
  }
  return { x, counts, nans, mean, std, min, max, quantiles: wanted };
}

/** Puts the values of all runs at a place of `x` into a list, and returns how many there are. Places ascend. */
type Gather = (place: number, into: Float64Array) => number;

function inTurns(x: Float64Array, runs: readonly AlignedRun[]): Gather {
  const next = new Uint32Array(runs.length);
  return (place, into) => {
    const at = x[place]!;
    let count = 0;
    for (let r = 0; r < runs.length; r++) {
      const run = runs[r]!;
      const own = next[r]!;
      if (run.x[own] !== at) continue;
      into[count++] = run.values[own]!;
      next[r] = own + 1;
    }
    return count;
  };
}

/** Sorts all values by place first, so that a run costs nothing where it has no value. */
function* byPoint(x: Float64Array, runs: readonly AlignedRun[]): Generator<void, Gather, void> {
  // Float64 holds more than 2^32 points.
  const starts = new Float64Array(x.length + 1);
  const places: Uint32Array[] = [];
  for (const run of runs) {
    yield;
    const own = yield* placesIn(x, run.x);
    places.push(own);
    for (const place of own) starts[place + 1]!++;
  }
  for (let i = 0; i < x.length; i++) starts[i + 1]! += starts[i]!;
  yield;
  const values = new Float64Array(starts[x.length]!);
  const next = starts.slice();
  for (const [r, run] of runs.entries()) {
    yield;
    const own = places[r]!;
    for (let i = 0; i < own.length; i++) values[next[own[i]!]!++] = run.values[i]!;
  }
  return (place, into) => {
    const from = starts[place]!;
    const count = starts[place + 1]! - from;
    for (let i = 0; i < count; i++) into[i] = values[from + i]!;
    return count;
  };
}

/**
 * Returns the runs with the middle of a stretch as x, of each stretch the last point of the run. Leaves out points
 * whose x is infinite.
 */
export function* intoBins(runs: readonly AlignedRun[], bins: number): Generator<void, AlignedRun[], void> {
  let [low, high] = [Infinity, -Infinity];
  for (const { x } of runs) {
    yield;
    for (const each of x) {
      if (!Number.isFinite(each)) continue;
      if (each < low) low = each;
      if (each > high) high = each;
    }
  }
  // Halves, because the whole range may be beyond the greatest number.
  const half = high / 2 - low / 2;
  const binOf = (at: number): number =>
    half > 0 ? Math.min(bins - 1, Math.floor(((at / 2 - low / 2) / half) * bins)) : 0;
  const middleOf = (bin: number): number => low + half * ((2 * bin + 1) / bins);
  const binned: AlignedRun[] = [];
  for (const run of runs) {
    yield;
    const x = new Float64Array(run.x.length);
    const values = new Float64Array(run.x.length);
    let count = 0;
    for (let i = 0; i < run.x.length; i++) {
      if (!Number.isFinite(run.x[i])) continue;
      const middle = middleOf(binOf(run.x[i]!));
      if (count === 0 || middle !== x[count - 1]) x[count++] = middle;
      values[count - 1] = run.values[i]!;
    }
    binned.push({ x: x.slice(0, count), values: values.slice(0, count) });
  }
  return binned;
}
