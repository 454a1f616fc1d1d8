import { LedgerError } from "../../errors/ledger-error.ts";
import type { Point } from "../../journal/metric-summary.ts";
import { BUCKETS, bucketStart, ExtremeColumns } from "./buckets.ts";

/** An overview of a series: its points in step order, ties in the order of logging, in buckets of equal count. */
export interface SeriesOverview {
  /** The number of points of the series, NaN included. */
  readonly n: number;
  readonly first: Point;
  readonly last: Point;
  /** Of {@link BUCKETS} buckets, or of one for each point if there are fewer points. */
  readonly extremes: ExtremeColumns;
}

/**
 * Makes the overview of a series of `n` points (at least one) from slices of it. Memory depends on the buckets, not on
 * `n`.
 */
export class OverviewBuilder {
  readonly #n: number;
  readonly #buckets: number;
  readonly #extremes: ExtremeColumns;
  #added = 0;
  #bucket = 0;
  #end: number;
  #hasNumbers = false;
  #minAt = 0;
  #maxAt = 0;
  #nanAt = -1;
  #first: Point | undefined;
  #last: Point | undefined;

  constructor(n: number) {
    if (!Number.isSafeInteger(n) || n < 1) {
      throw new LedgerError("INVALID_ARGUMENT", `n must be a positive integer, but is ${String(n)}`, { field: "n" });
    }
    this.#n = n;
    this.#buckets = Math.min(n, BUCKETS);
    this.#extremes = new ExtremeColumns(this.#buckets);
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
    const point = (i: number): Point => ({ value: values[i]!, step: steps[i]!, time: times[i]! });
    this.#first ??= point(0);
    this.#last = point(length - 1);
    for (let from = 0; from < length;) {
      const to = Math.min(length, from + this.#end - this.#added);
      this.#scan(steps, times, values, from, to);
      this.#added += to - from;
      from = to;
      if (this.#added === this.#end) this.#close();
    }
  }

  finish(): SeriesOverview {
    const [first, last] = [this.#first, this.#last];
    if (this.#added < this.#n || first === undefined || last === undefined) throw wrongCount(this.#n, "fewer");
    return { n: this.#n, first, last, extremes: this.#extremes };
  }

  /** Adds the points `[from, to)`, which all belong to the current bucket. */
  #scan(steps: Float64Array, times: Float64Array, values: Float64Array, from: number, to: number): void {
    const extremes = this.#extremes;
    const b = this.#bucket;
    let min = extremes.minValues[b] as number;
    let max = extremes.maxValues[b] as number;
    let minAt = -1;
    let maxAt = -1;
    let nanAt = -1;
    for (let i = from; i < to; i++) {
      const value = values[i] as number;
      if (value !== value) {
        if (nanAt < 0) nanAt = i;
        continue;
      }
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
    if (minAt >= 0) this.#hasNumbers = true;
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

  #close(): void {
    const extremes = this.#extremes;
    const b = this.#bucket++;
    if (this.#hasNumbers) {
      extremes.minFirst[b] = this.#minAt <= this.#maxAt ? 1 : 0;
      if (this.#nanAt >= 0)
        extremes.nanPlaces[b] = Number(this.#minAt < this.#nanAt) + Number(this.#maxAt < this.#nanAt);
    }
    this.#end = bucketStart(b + 2, this.#n, this.#buckets);
    this.#hasNumbers = false;
    this.#nanAt = -1;
  }
}

function wrongCount(n: number, difference: string): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `${difference} than ${n} points were added to the overview`, {
    field: "n",
  });
}
