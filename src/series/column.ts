import type { Series } from "./series.ts";

/** The points of one metric as they are gathered. */
export class Column {
  #cells = new Float64Array(3 * 64);
  length = 0;

  push(step: number, time: number, value: number): void {
    const at = this.length * 3;
    if (at === this.#cells.length) {
      const grown = new Float64Array(at * 2);
      grown.set(this.#cells);
      this.#cells = grown;
    }
    this.#cells[at] = step;
    this.#cells[at + 1] = time;
    this.#cells[at + 2] = value;
    this.length++;
  }

  /** The points in the order in which they came. */
  toSeries(): Series {
    const { length } = this;
    const pick = (from: number): Float64Array => {
      const column = new Float64Array(length);
      for (let i = 0; i < length; i++) column[i] = this.#cells[i * 3 + from] as number;
      return column;
    };
    return { steps: pick(0), times: pick(1), values: pick(2) };
  }
}
