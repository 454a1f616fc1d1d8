import type { FilterRow } from "../filter/row.ts";

/** The first rows of many in some order, each run once. */
export class Top<R extends FilterRow> {
  readonly #compare: (a: FilterRow, b: FilterRow) => number;
  readonly #most: number;
  #rows: R[] = [];
  #isFull = false;

  constructor(compare: (a: FilterRow, b: FilterRow) => number, most: number) {
    this.#compare = compare;
    this.#most = most;
  }

  /** The last of the rows that would be kept now; `undefined` while there is room. */
  get worst(): FilterRow | undefined {
    return this.#isFull ? this.#rows[this.#most - 1] : undefined;
  }

  /** False for a row that has no place. */
  accepts(row: FilterRow): boolean {
    return !this.#isFull || this.#compare(row, this.#rows[this.#most - 1]!) < 0;
  }

  add(row: R): void {
    this.#rows.push(row);
    if (this.#rows.length >= 2 * this.#most + 256) this.#settle();
  }

  rows(): R[] {
    this.#settle();
    return this.#rows;
  }

  #settle(): void {
    // Two compactors at once may have stored one run twice: its rows are equal, and stand side by side.
    const sorted = this.#rows.sort(this.#compare);
    const once = sorted.filter((row, i) => i === 0 || this.#compare(sorted[i - 1]!, row) !== 0);
    this.#rows = once.slice(0, this.#most);
    this.#isFull = this.#rows.length === this.#most;
  }
}
