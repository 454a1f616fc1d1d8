import type { Slice } from "../parquet/metrics-writer.ts";

/** A key with so many points has row groups of its own. */
const OWN_GROUP_POINTS = 16 * 1024;
/** Shorter keys share row groups of at most so many points. */
const SHARED_GROUP_POINTS = 32 * 1024;
/** A long key is cut into row groups of at most so many points, so that a range of it can be read without the rest. */
const GROUP_POINTS = 128 * 1024;

/** Points of a key that has `total` in all. */
export interface KeySlice extends Slice {
  readonly total: number;
}

/** Puts slices, keys ascending, into row groups. */
export class RowGroups {
  #shared: Slice[] = [];
  #points = 0;

  /** The row groups that are complete once `slice` has come. */
  *add(slice: KeySlice): Generator<readonly Slice[], void, undefined> {
    if (slice.total < OWN_GROUP_POINTS) {
      if (this.#points + slice.values.length > SHARED_GROUP_POINTS) yield* this.end();
      this.#shared.push(slice);
      this.#points += slice.values.length;
      return;
    }
    yield* this.end();
    const { key, steps, times, values } = slice;
    for (let at = 0; at < values.length; at += GROUP_POINTS) {
      const cut = (column: Float64Array): Float64Array => column.subarray(at, at + GROUP_POINTS);
      yield [{ key, steps: cut(steps), times: cut(times), values: cut(values) }];
    }
  }

  /** What has not filled a row group. */
  *end(): Generator<readonly Slice[], void, undefined> {
    if (this.#shared.length > 0) yield this.#shared;
    this.#shared = [];
    this.#points = 0;
  }
}
