import type { PlannedPart } from "./compaction-plan.ts";

/** The points of part of a key, put in their places as they are met, in whatever order the sources are read. */
export class PartColumns {
  readonly part: PlannedPart;
  readonly steps: Float64Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** Points put in so far. */
  filled = 0;

  constructor(part: PlannedPart) {
    this.part = part;
    const length = part.to - part.from;
    this.steps = new Float64Array(length);
    this.times = new Float64Array(length);
    this.values = new Float64Array(length);
  }

  /** Puts in the points from `place` of the key on, as far as they belong to this part. */
  set(place: number, steps: Float64Array, times: Float64Array, values: Float64Array): void {
    const { from, to } = this.part;
    const start = Math.max(0, from - place);
    const end = Math.min(steps.length, to - place);
    if (start >= end) return;
    this.steps.set(steps.subarray(start, end), place + start - from);
    this.times.set(times.subarray(start, end), place + start - from);
    this.values.set(values.subarray(start, end), place + start - from);
    this.filled += end - start;
  }
}

/** Puts the points of one writer into a part, one by one, in the order of logging. */
export class PartCursor {
  readonly #columns: PartColumns;
  readonly #length: number;
  /** Place of the next point, from the beginning of the part: it may lie outside. */
  #at: number;

  constructor(columns: PartColumns, place: number) {
    this.#columns = columns;
    this.#length = columns.values.length;
    this.#at = place - columns.part.from;
  }

  push(step: number, time: number, value: number): void {
    const at = this.#at++;
    if (at < 0 || at >= this.#length) return;
    const columns = this.#columns;
    columns.steps[at] = step;
    columns.times[at] = time;
    columns.values[at] = value;
    columns.filled++;
  }
}
