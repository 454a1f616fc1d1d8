import type { FilterRow } from "../filter/filter-row.ts";

/** The first rows of many in some order, each run once. */
export class TopRows<R extends FilterRow> {
  readonly #compare: (a: FilterRow, b: FilterRow) => number;
  readonly #most: number;
  readonly #after: FilterRow | undefined;
  #rows: R[] = [];
  #isFull = false;

  /** Keeps at most `most` rows, and only rows after `after`. */
  constructor(compare: (a: FilterRow, b: FilterRow) => number, most: number, after: FilterRow | undefined) {
    this.#compare = compare;
    this.#most = most;
    this.#after = after;
  }

  /** The last of the rows that would be kept now; `undefined` while there is room. */
  get worst(): FilterRow | undefined {
    return this.#isFull ? this.#rows[this.#most - 1] : undefined;
  }

  add(rows: readonly R[]): void {
    const compare = this.#compare;
    for (const row of rows) {
      if (this.#after && compare(row, this.#after) <= 0) continue;
      if (this.#isFull && compare(row, this.#rows[this.#most - 1]!) >= 0) continue;
      this.#rows.push(row);
      if (this.#rows.length >= 2 * this.#most + 256) this.#settle();
    }
  }

  rows(): readonly R[] {
    this.#settle();
    return this.#rows;
  }

  #settle(): void {
    // Two simultaneous compactions may have stored a run twice. Its rows are equal, so they are neighbours.
    const sorted = this.#rows.sort(this.#compare);
    const once = sorted.filter((row, i) => i === 0 || this.#compare(sorted[i - 1]!, row) !== 0);
    this.#rows = once.slice(0, this.#most);
    this.#isFull = this.#rows.length === this.#most;
  }
}
