import type { ColumnProfile } from "../../journal/recorded-dataset.ts";

/** The most different values that are counted. */
export const MAX_DISTINCT = 1000;
/** A column with a longer text has no count of different values. */
const MAX_DISTINCT_CHARS = 200;

/** Collects what a column's values are like. */
export class ColumnStatistics {
  #present = 0;
  #numbers = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;
  #earliest = Infinity;
  #latest = -Infinity;
  #distinct: Set<number | string | boolean> | undefined = new Set();

  /** Counts a cell that has a value. `key` identifies the value, if it is a number, a text, a boolean or a date. */
  cell(key?: number | string | boolean): void {
    this.#present++;
    const distinct = this.#distinct;
    if (distinct === undefined) return;
    if (key === undefined || (typeof key === "string" && key.length > MAX_DISTINCT_CHARS)) this.#distinct = undefined;
    else if (distinct.add(key).size > MAX_DISTINCT) this.#distinct = undefined;
  }

  number(value: number): void {
    if (value !== value) return;
    this.#numbers++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Counts a date, in ms since the epoch. */
  date(ms: number): void {
    if (ms < this.#earliest) this.#earliest = ms;
    if (ms > this.#latest) this.#latest = ms;
  }

  numbers(values: ArrayLike<number>, from: number, to: number): void {
    for (let i = from; i < to; i++) this.number(values[i]!);
  }

  profile(rows: number): ColumnProfile {
    const mean = this.#sum / this.#numbers;
    // The sum of large numbers may be beyond the range although the mean is not.
    const isKnown = Number.isFinite(mean) || !Number.isFinite(this.#min) || !Number.isFinite(this.#max);
    return {
      nulls: rows - this.#present,
      ...(this.#numbers > 0 && { min: this.#min, max: this.#max, ...(isKnown && { mean }) }),
      ...(this.#numbers === 0 && this.#earliest <= this.#latest && { min: this.#earliest, max: this.#latest }),
      ...(this.#distinct && { distinct: this.#distinct.size }),
    };
  }
}
