import { type WriterFold, compareWriters } from "../journal/writer-fold.ts";
import { compareUtf8 } from "../bytes/utf8-order.ts";
import { sortInPieces } from "../platform/sort-in-pieces.ts";
import type { Slice } from "../parquet/metrics-writer.ts";

/** The places of the points of one key in the files: first those of the first writer, then those of the next. */
export interface PlannedKey {
  readonly key: string;
  readonly total: number;
  /** The index of the first point of each writer. */
  readonly offsets: ReadonlyMap<string, number>;
}

/** The points `[from, to)` of a key. */
export interface PlannedPart {
  readonly planned: PlannedKey;
  readonly from: number;
  readonly to: number;
}

/** Points in memory at once, 24 bytes each. The journals are read once for each pass. */
const POINTS_A_PASS: number = 4 * 1024 * 1024;

/** How many keys are planned between two yields. */
const PIECE = 1024;

/** Points that stand before the late points of a run, and those before them, which are in other files. */
export interface PointsBefore {
  /** The writers of the compaction with all points before the late ones. */
  readonly writers: readonly WriterFold[];
  /** By key, how many of the last of these points are merged with the late points. */
  readonly merged: ReadonlyMap<string, number>;
}

/** Takes the place of the writers whose points are merged. No writer has this id. */
export const MERGED = "";

/**
 * Returns the plan of every key of a run, sorted by UTF-8 bytes. Yields where it may be interrupted. With `before`, only
 * the points that are merged and those beyond `before.writers`.
 */
export function* planKeys(folds: readonly WriterFold[], before?: PointsBefore): Generator<void, PlannedKey[], void> {
  const plans = new Map<string, { key: string; total: number; offsets: Map<string, number> }>();
  for (const [key, total] of before?.merged ?? []) plans.set(key, { key, total, offsets: new Map([[MERGED, 0]]) });
  const known = new Map(before?.writers.map((fold) => [fold.writer, fold.summaries]));
  let done = 0;
  for (const { writer, summaries } of [...folds].sort(compareWriters)) {
    const compacted = known.get(writer);
    for (const [key, { count }] of summaries) {
      if (++done % PIECE === 0) yield;
      const from = compacted?.get(key)?.count ?? 0;
      if (count === from) continue;
      const plan = plans.get(key) ?? { key, total: 0, offsets: new Map<string, number>() };
      // The place that the first point of the writer would have, even if it is in another file.
      plan.offsets.set(writer, plan.total - from);
      plan.total += count - from;
      plans.set(key, plan);
    }
  }
  return yield* sortInPieces([...plans.values()], (a, b) => compareUtf8(a.key, b.key));
}

/** Divides the keys into passes that hold a bounded number of points each. */
export function planPasses(keys: readonly PlannedKey[], pointsAPass: number = POINTS_A_PASS): PlannedPart[][] {
  const passes: PlannedPart[][] = [];
  let pass: PlannedPart[] = [];
  let room = pointsAPass;
  for (const planned of keys) {
    for (let from = 0; from < planned.total;) {
      // A key is divided only if it fills a whole pass.
      if (room < Math.min(planned.total - from, pointsAPass)) {
        passes.push(pass);
        pass = [];
        room = pointsAPass;
      }
      const to = Math.min(planned.total, from + room);
      pass.push({ planned, from, to });
      room -= to - from;
      from = to;
    }
  }
  if (pass.length > 0) passes.push(pass);
  return passes;
}

/** A key of at least this many points has row groups of its own. */
const OWN_GROUP_POINTS = 16 * 1024;
/** Shorter keys share row groups of at most this many points. */
const SHARED_GROUP_POINTS = 32 * 1024;
/**
 * A long key is divided into row groups of at most this many points, so that a range of it can be read without the
 * rest.
 */
const GROUP_POINTS = 128 * 1024;

/** Some points of a key that has `total` points. */
export interface KeySlice extends Slice {
  readonly total: number;
}

/** Divides slices, given in ascending order of their keys, into row groups. */
export class RowGroups {
  #shared: Slice[] = [];
  #points = 0;

  /** Yields the row groups that `slice` completes. */
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

  /** Yields the points that have not filled a row group. */
  *end(): Generator<readonly Slice[], void, undefined> {
    if (this.#shared.length > 0) yield this.#shared;
    this.#shared = [];
    this.#points = 0;
  }
}
