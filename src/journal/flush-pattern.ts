/**
 * Which flushes an object of a journal holds if each flush creates an object.
 *
 * An object repeats flushes before it, as the digits of a counter to base 4 carry: object 3 holds flushes 0 to 3,
 * object 15 holds 0 to 15. So a reader needs only as many objects as the number of flushes has digits to that base, and
 * merging takes no request and no state of its own.
 */

const BASE = 4;

/**
 * Up to this number an object comes after all that it repeats in a listing. So a listing that misses an object, because
 * it was removed meanwhile, has the one that repeats it. A writer removes no object whose number is above.
 */
export const LAST_ORDERED = 999_999;

/** The first object that begins with a state, unless that is too long. Most short runs have none. */
export const FIRST_STATE = 3;

/** The flushes that an object holds: `flushes` of them up to number `seq`. */
export interface FlushRange {
  readonly seq: number;
  readonly flushes: number;
}

/** Returns how many flushes object number `seq` holds, if nothing bounds its size. */
export function wantedFlushes(seq: number): number {
  let unit = 1;
  let units = seq + 1;
  for (; units % BASE === 0; units /= BASE) unit *= BASE;
  return (units % BASE) * unit;
}

/** Returns the number of the first flush of an object. */
export function firstFlush({ seq, flushes }: FlushRange): number {
  return seq - flushes + 1;
}

/** Returns whether `outer` holds all flushes of `inner`. */
export function holdsFlushes(outer: FlushRange, inner: FlushRange): boolean {
  return inner.seq <= outer.seq && firstFlush(outer) <= firstFlush(inner);
}

/** Sorts objects of one writer, and divides them: `repeated` are those whose flushes another one holds, too. */
export function divideRepeated<T extends FlushRange>(objects: readonly T[]): { needed: T[]; repeated: T[] } {
  const sorted = [...objects].sort((a, b) => a.seq - b.seq || a.flushes - b.flushes);
  const needed: T[] = [];
  const repeated: T[] = [];
  let first = Number.POSITIVE_INFINITY;
  for (const object of sorted.reverse()) {
    const isRepeated = first <= firstFlush(object);
    (isRepeated ? repeated : needed).push(object);
    if (!isRepeated) first = firstFlush(object);
  }
  return { needed: needed.reverse(), repeated: repeated.reverse() };
}

/** Objects of one writer. None of them holds all flushes of another one. */
export class FlushRanges<T extends FlushRange> {
  readonly #objects: readonly T[];

  constructor(objects: readonly T[]) {
    this.#objects = divideRepeated(objects).needed;
  }

  /** Returns the first object up to flush `seq` or a later one, if it holds this flush. */
  at(seq: number): T | undefined {
    let low = 0;
    let high = this.#objects.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#objects[middle]!.seq < seq) low = middle + 1;
      else high = middle;
    }
    const object = this.#objects[low];
    return object && firstFlush(object) <= seq ? object : undefined;
  }

  /** Returns the object that holds all flushes of `range`. */
  holding(range: FlushRange): T | undefined {
    const object = this.at(range.seq);
    return object && holdsFlushes(object, range) ? object : undefined;
  }

  /** Returns whether these objects hold each flush from `from` up to `to`. Does not count up to numbers of a store. */
  holdAll(from: number, to: number): boolean {
    for (let seq = from; seq <= to;) {
      const object = this.at(seq);
      if (object === undefined) return false;
      seq = object.seq + 1;
    }
    return true;
  }
}
