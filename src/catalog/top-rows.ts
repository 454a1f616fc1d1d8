import type { FilterRow } from "../filter/filter-row.ts";

/** The most rows that are sorted at once, which takes some ms. */
const MAX_UNSORTED = 1024;

/** The first rows of many in some order, each run once. */
export class TopRows<R extends FilterRow> {
  readonly #compare: (a: FilterRow, b: FilterRow) => number;
  readonly #most: number;
  readonly #after: FilterRow | undefined;
  /** In order. */
  #rows: R[] = [];
  #unsorted: R[] = [];

  /** Keeps at most `most` rows, and only rows after `after`. */
  constructor(compare: (a: FilterRow, b: FilterRow) => number, most: number, after: FilterRow | undefined) {
    this.#compare = compare;
    this.#most = most;
    this.#after = after;
  }

  /** The last of the rows that would be kept now; `undefined` while there is room. */
  get worst(): FilterRow | undefined {
    return this.#rows[this.#most - 1];
  }

  add(rows: readonly R[]): void {
    const compare = this.#compare;
    const most = Math.min(this.#most + 256, MAX_UNSORTED);
    for (const row of rows) {
      if (this.#after && compare(row, this.#after) <= 0) continue;
      const { worst } = this;
      if (worst && compare(row, worst) >= 0) continue;
      this.#unsorted.push(row);
      if (this.#unsorted.length >= most) this.#settle();
    }
  }

  rows(): readonly R[] {
    this.#settle();
    return this.#rows;
  }

  #settle(): void {
    const compare = this.#compare;
    const added = this.#unsorted.sort(compare);
    const before = this.#rows;
    const merged: R[] = [];
    for (let i = 0, j = 0; merged.length < this.#most && (i < before.length || j < added.length);) {
      const takesAdded = i === before.length || (j < added.length && compare(added[j]!, before[i]!) < 0);
      const row = takesAdded ? added[j++]! : before[i++]!;
      // Two simultaneous compactions may have stored a run twice. Its rows are equal, so they are neighbours.
      if (merged.length === 0 || compare(merged.at(-1)!, row) !== 0) merged.push(row);
    }
    this.#rows = merged;
    this.#unsorted = [];
  }
}
