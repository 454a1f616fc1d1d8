import type { Dictionary } from "../journal/event.ts";
import { isNested } from "../journal/params.ts";
import { identity } from "./value-identity.ts";

/** A value that is not the same in all runs. */
export interface DifferingRow<T = unknown> {
  /** The path, its parts joined by dots: `optimizer.lr`. */
  readonly path: string;
  /** The parts of the path. A key with a dot in it stays one part. */
  readonly keys: readonly string[];
  /** The value of each run, in the order of the runs. `undefined` for a run without one. */
  readonly values: readonly (T | undefined)[];
  /** Whether each run has a value. */
  readonly present: readonly boolean[];
}

/** A value that all runs have. */
export interface SameRow<T = unknown> {
  /** The path, its parts joined by dots: `optimizer.lr`. */
  readonly path: string;
  /** The parts of the path. A key with a dot in it stays one part. */
  readonly keys: readonly string[];
  /** The value that all runs have. */
  readonly value: T;
}

/**
 * One kind of data of the compared runs. Every path of every run is in one of the two lists, once. Both are sorted by
 * path.
 */
export interface ComparedSection<T = unknown> {
  /** Rows whose values are not the same in all runs. */
  readonly differs: readonly DifferingRow<T>[];
  /** Rows whose value is the same in all runs. */
  readonly same: readonly SameRow<T>[];
}

type Leaf<T> = readonly [keys: readonly string[], value: T];

/**
 * Returns the leaves of nested data. Arrays and empty dictionaries are leaves, because a param such as `[64, 64]` is
 * overwritten as a whole.
 */
export function leavesOf(data: unknown, keys: readonly string[] = []): Leaf<unknown>[] {
  if (!isNested(data)) return [];
  return Object.keys(data).flatMap((key): Leaf<unknown>[] => {
    const value = data[key];
    const below = [...keys, key];
    return isNested(value) && Object.keys(value).length > 0 ? leavesOf(value, below) : [[below, value]];
  });
}

/** Returns the entries of a flat dictionary as leaves. */
export function entriesOf<T>(data: Dictionary<T>): Leaf<T>[] {
  return Object.keys(data).map((key) => [[key], data[key] as T]);
}

/** Returns whether all runs have the value, and all values are the same. */
function isSame(values: readonly unknown[], present: readonly boolean[], identify: (value: never) => string): boolean {
  if (present.includes(false)) return false;
  const first = identify(values[0] as never);
  return values.every((value) => Object.is(value, values[0]) || identify(value as never) === first);
}

/**
 * Returns the leaves of all runs, aligned by their keys. If a run has several lists under the same keys, joins them.
 */
export function alignSection<T>(
  runs: readonly (readonly Leaf<T>[])[],
  separator = ".",
  identify: (value: T) => string = identity,
): ComparedSection<T> {
  const rows = new Map<
    string,
    { path: string; keys: readonly string[]; values: (T | undefined)[]; present: boolean[] }
  >();
  for (const [i, leaves] of runs.entries()) {
    for (const [keys, value] of leaves) {
      const id = JSON.stringify(keys);
      let row = rows.get(id);
      if (row === undefined) {
        const count = runs.length;
        row = {
          path: keys.join(separator),
          keys,
          values: Array(count).fill(undefined),
          present: Array(count).fill(false),
        };
        rows.set(id, row);
      }
      row.values[i] = row.present[i] ? ((row.values[i] as unknown[]).concat(value) as T) : value;
      row.present[i] = true;
    }
  }
  const sorted = [...rows].sort(([a, { path: x }], [b, { path: y }]) => (x < y || (x === y && a < b) ? -1 : 1));
  const differs: DifferingRow<T>[] = [];
  const same: SameRow<T>[] = [];
  for (const [, row] of sorted) {
    const { path, keys, values, present } = row;
    if (isSame(values, present, identify)) same.push({ path, keys, value: values[0] as T });
    else differs.push(row);
  }
  return { differs, same };
}
