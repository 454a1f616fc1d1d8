import { LedgerError } from "../../errors/ledger-error.ts";
import type { Point } from "../../journal/metric-summary.ts";
import { BUCKETS, bucketStart, ExtremeColumns, newColumns } from "./buckets.ts";

/** An overview of a series: its points in step order, ties in the order of logging, in buckets of equal count. */
export interface SeriesOverview {
  /** The number of points of the series, NaN included. */
  readonly n: number;
  readonly first: Point;
  readonly last: Point;
  readonly buckets: BucketSummaries;
}

/** Parallel arrays with one element for each of {@link BUCKETS} buckets, or for each point if there are fewer. */
export interface BucketSummaries {
  readonly extremes: ExtremeColumns;
  /** The number of values that are NaN. */
  readonly nans: Float64Array;
  /** The mean of the values that are not NaN, or NaN if all are. */
  readonly means: Float64Array;
  /** The last point of the bucket, NaN or not. */
  readonly lastValues: Float64Array;
  readonly lastSteps: Float64Array;
  readonly lastTimes: Float64Array;
}

/**
 * Makes the overview of a series of `n` points (at least one) from slices of it. Memory depends on the buckets, not on
 * `n`.
 */
export class OverviewBuilder {
  readonly #n: number;
  readonly #buckets: number;
  readonly #made: BucketSummaries;
  #added = 0;
  #bucket = 0;
  #end: number;
  #sum = 0;
  #numbers = 0;
  #minAt = 0;
  #maxAt = 0;
  #nanAt = -1;
  #first: Point | undefined;

  constructor(n: number) {
    if (!Number.isSafeInteger(n) || n < 1) {
      throw new LedgerError("INVALID_ARGUMENT", `n must be a positive integer, but is ${String(n)}`, { field: "n" });
    }
    this.#n = n;
    this.#buckets = Math.min(n, BUCKETS);
    const column = newColumns(5, this.#buckets);
    this.#made = {
      extremes: new ExtremeColumns(this.#buckets),
      nans: column(),
      means: column().fill(Number.NaN),
      lastValues: column(),
      lastSteps: column(),
      lastTimes: column(),
    };
    this.#end = bucketStart(1, n, this.#buckets);
  }

  /** Adds the next slice, in step order. Keeps no reference to it. */
  add(steps: Float64Array, times: Float64Array, values: Float64Array): void {
    const { length } = values;
    if (steps.length !== length || times.length !== length) {
      throw new LedgerError("INVALID_ARGUMENT", "steps, times and values differ in length", { field: "values" });
    }
    if (this.#added + length > this.#n) throw wrongCount(this.#n, "more");
    if (length === 0) return;
    this.#first ??= { value: values[0] as number, step: steps[0] as number, time: times[0] as number };
    for (let from = 0; from < length;) {
      const to = Math.min(length, from + this.#end - this.#added);
      this.#scan(steps, times, values, from, to);
      this.#added += to - from;
      from = to;
      if (this.#added === this.#end) this.#close(steps, times, values, to - 1);
    }
  }

  finish(): SeriesOverview {
    const first = this.#first;
    if (this.#added < this.#n || first === undefined) throw wrongCount(this.#n, "fewer");
    const { lastValues, lastSteps, lastTimes } = this.#made;
    const at = this.#buckets - 1;
    const last = { value: lastValues[at] as number, step: lastSteps[at] as number, time: lastTimes[at] as number };
    return { n: this.#n, first, last, buckets: this.#made };
  }

  /** Adds the points `[from, to)`, which all belong to the current bucket. */
  #scan(steps: Float64Array, times: Float64Array, values: Float64Array, from: number, to: number): void {
    const { extremes, nans } = this.#made;
    const b = this.#bucket;
    let min = extremes.minValues[b] as number;
    let max = extremes.maxValues[b] as number;
    let minAt = -1;
    let maxAt = -1;
    let sum = this.#sum;
    let numbers = 0;
    let nanAt = -1;
    for (let i = from; i < to; i++) {
      const value = values[i] as number;
      if (value !== value) {
        if (nanAt < 0) nanAt = i;
        continue;
      }
      numbers++;
      sum += value;
      // Written so that the first number replaces the NaN: every comparison with NaN is false.
      if (!(value >= min)) {
        min = value;
        minAt = i;
      }
      if (!(value <= max)) {
        max = value;
        maxAt = i;
      }
    }
    this.#sum = sum;
    this.#numbers += numbers;
    nans[b] = (nans[b] as number) + to - from - numbers;
    if (nanAt >= 0 && this.#nanAt < 0) {
      extremes.setNaN(b, 0, steps[nanAt] as number, times[nanAt] as number);
      this.#nanAt = this.#added + nanAt - from;
    }
    if (minAt >= 0) {
      extremes.setMin(b, min, steps[minAt] as number, times[minAt] as number);
      this.#minAt = this.#added + minAt - from;
    }
    if (maxAt >= 0) {
      extremes.setMax(b, max, steps[maxAt] as number, times[maxAt] as number);
      this.#maxAt = this.#added + maxAt - from;
    }
  }

  #close(steps: Float64Array, times: Float64Array, values: Float64Array, last: number): void {
    const { extremes, means, lastValues, lastSteps, lastTimes } = this.#made;
    const b = this.#bucket++;
    if (this.#numbers > 0) {
      means[b] = this.#sum / this.#numbers;
      extremes.minFirst[b] = this.#minAt <= this.#maxAt ? 1 : 0;
      if (this.#nanAt >= 0)
        extremes.nanPlaces[b] = Number(this.#minAt < this.#nanAt) + Number(this.#maxAt < this.#nanAt);
    }
    lastValues[b] = values[last] as number;
    lastSteps[b] = steps[last] as number;
    lastTimes[b] = times[last] as number;
    this.#end = bucketStart(b + 2, this.#n, this.#buckets);
    this.#sum = 0;
    this.#numbers = 0;
    this.#nanAt = -1;
  }
}

function wrongCount(n: number, difference: string): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `${difference} than ${n} points were added to the overview`, {
    field: "n",
  });
}
