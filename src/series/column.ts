/** The points of one metric as they are gathered. `steps`, `times` and `values` are parallel. */
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

  step(i: number): number {
    return this.#cells[i * 3] as number;
  }

  time(i: number): number {
    return this.#cells[i * 3 + 1] as number;
  }

  value(i: number): number {
    return this.#cells[i * 3 + 2] as number;
  }
}
