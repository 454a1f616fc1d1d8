import { MAX_BIGINT_DIGITS } from "../../bytes/encode-json.ts";
import { describeType, LedgerError } from "../../errors/ledger-error.ts";
import { isArrayBuffer, isBytes, isDataView, isDate, isPlainObject, isTypedArray } from "../../platform/any-realm.ts";
import { type CellHash, PIECE, TAG } from "./cell-hash.ts";
import { compareCodeUnits } from "./code-units.ts";
import type { ColumnStatistics } from "./column-statistics.ts";
import type { ColumnType } from "./column-type.ts";

/** The deepest nesting of lists and objects in a cell. */
const MAX_DEPTH = 64;
/** The most values in the lists and objects of a cell, as in params. Lists that share parts may hold more than memory. */
const MAX_CELL_VALUES = 1_000_000;
/** The most bytes of texts (two a unit), bytes and typed arrays in the lists and objects of a cell. */
const MAX_CELL_BYTES: number = 256 * 1024 * 1024;
/** The most members of an object in a cell. They are sorted without a pause. */
const MAX_MEMBERS = 65_536;
const NUMBERS_AT_ONCE = 4096;

/** Returns whether a value is a text that is hashed in pieces, an integer that is refused, or no atom at all. */
export function isLarge(value: unknown): boolean {
  if (typeof value === "string") return value.length > PIECE;
  if (typeof value === "bigint") return value >= TOO_LONG || value <= -TOO_LONG;
  return (typeof value === "object" && value !== null) || typeof value === "function" || typeof value === "symbol";
}

/** Adds a number, an integer, a text, a boolean or null. Returns the type of the value. */
export function hashAtom(hash: CellHash, value: unknown): ColumnType {
  switch (typeof value) {
    case "number":
      hash.number(value);
      return "number";
    case "string":
      hash.string(value);
      return "string";
    case "boolean":
      hash.tag(value ? TAG.true : TAG.false);
      return "boolean";
    case "bigint":
      if (!isSafe(value)) {
        hash.bigint(value);
        return "bigint";
      }
      hash.number(Number(value));
      return "number";
    default:
      hash.tag(TAG.null);
      return "null";
  }
}

/** The least integer with more digits than an integer may have. */
const TOO_LONG: bigint = /* @__PURE__ */ 10n ** BigInt(MAX_BIGINT_DIGITS);
const MOST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
/** Returns whether a float64 holds an integer and its neighbours. */
export const isSafe = (value: bigint): boolean => value <= MOST_SAFE && value >= -MOST_SAFE;

/** A cell that is a list, an object, bytes, a date or a long text. */
export class NestedCell {
  readonly #hash: CellHash;
  readonly #field: () => string;
  #values = 0;
  #bytes = 0;

  constructor(hash: CellHash, field: () => string) {
    this.#hash = hash;
    this.#field = field;
  }

  /** Adds a value, and yields whenever a pause is due. `statistics` counts the numbers in it. Returns its type. */
  *add(value: unknown, statistics: ColumnStatistics | undefined, depth = 0): Generator<void, ColumnType, void> {
    if (typeof value === "string") {
      this.#takeBytes(2 * value.length, depth);
      yield* this.#hash.longString(value);
      return "string";
    }
    if (typeof value === "bigint") throw this.#wrong(`must have at most ${MAX_BIGINT_DIGITS} digits`, value);
    if (depth > MAX_DEPTH) throw this.#wrong(`nests deeper than ${MAX_DEPTH} levels`, value);
    // The tests of a date and of an ArrayBuffer come last, because they throw and catch for other objects.
    if (Array.isArray(value)) {
      yield* this.#list(value, depth, statistics);
      return "list";
    }
    if (isPlainObject(value)) {
      yield* this.#object(value, depth);
      return "object";
    }
    if (ArrayBuffer.isView(value) && !isBytes(value) && !isDataView(value)) {
      yield* this.#typed(value as ArrayBufferView & ArrayLike<unknown>, depth, statistics);
      return "list";
    }
    if (ArrayBuffer.isView(value)) {
      yield* this.#binary(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), depth);
      return "bytes";
    }
    if (isDate(value)) {
      this.#hash.date(value.getTime());
      return "date";
    }
    if (isArrayBuffer(value)) {
      yield* this.#binary(new Uint8Array(value), depth);
      return "bytes";
    }
    const hint = typeof (value as { data?: unknown } | null)?.data === "function" ? ": give tensors as columns" : "";
    throw this.#wrong(`must be data, but is of type ${describeType(value)}${hint}`, value);
  }

  *#list(
    list: ArrayLike<unknown>,
    depth: number,
    statistics: ColumnStatistics | undefined,
  ): Generator<void, void, void> {
    const { length } = list;
    this.#takeValues(length);
    this.#hash.count(TAG.list, length);
    for (let i = 0; i < length; i++) {
      const item = list[i];
      if (isLarge(item)) yield* this.add(item, statistics, depth + 1);
      else this.#atom(item, statistics);
      if (this.#hash.isDue) yield;
    }
  }

  *#typed(
    list: ArrayBufferView & ArrayLike<unknown>,
    depth: number,
    statistics: ColumnStatistics | undefined,
  ): Generator<void, void, void> {
    if (isTypedArray(list, "BigInt64Array", "BigUint64Array")) return yield* this.#list(list, depth, statistics);
    this.#takeBytes(list.byteLength, depth);
    this.#hash.count(TAG.list, list.length);
    yield* this.#numbers(list as ArrayLike<number>, 0, list.length, statistics);
  }

  *#numbers(
    values: ArrayLike<number>,
    from: number,
    to: number,
    statistics: ColumnStatistics | undefined,
  ): Generator<void, void, void> {
    for (let at = from; at < to; at += NUMBERS_AT_ONCE) {
      const end = Math.min(to, at + NUMBERS_AT_ONCE);
      this.#hash.numbers(values, at, end);
      statistics?.numbers(values, at, end);
      if (this.#hash.isDue) yield;
    }
  }

  *#object(object: object, depth: number): Generator<void, void, void> {
    const keys = Object.keys(object);
    if (keys.length > MAX_MEMBERS) throw this.#tooLarge(`has an object of more than ${MAX_MEMBERS} members`);
    this.#takeValues(keys.length);
    const members = keys
      .map((key): [string, unknown] => [key, (object as Record<string, unknown>)[key]])
      .filter(([, value]) => value !== undefined && value !== null)
      .sort(([a], [b]) => compareCodeUnits(a, b));
    this.#hash.count(TAG.object, members.length);
    for (const [name, member] of members) {
      for (const part of [name, member]) {
        // Numbers of different members are not of one kind.
        if (isLarge(part)) yield* this.add(part, undefined, depth + 1);
        else this.#atom(part, undefined);
        if (this.#hash.isDue) yield;
      }
    }
  }

  *#binary(bytes: Uint8Array, depth: number): Generator<void, void, void> {
    this.#takeBytes(bytes.length, depth);
    yield* this.#hash.bytes(bytes);
  }

  #atom(value: unknown, statistics: ColumnStatistics | undefined): void {
    const type = hashAtom(this.#hash, value);
    if (type === "string") this.#takeBytes(2 * (value as string).length, 1);
    else if (type === "number" || type === "bigint") statistics?.number(Number(value));
  }

  #takeValues(count: number): void {
    this.#values += count;
    if (this.#values > MAX_CELL_VALUES)
      throw this.#tooLarge(`holds more than ${MAX_CELL_VALUES} values: give numbers as a typed array`);
  }

  /** Counts what is inside of a list or an object. A text or bytes that are the whole cell may be of any size. */
  #takeBytes(count: number, depth: number): void {
    if (depth > 0) this.#bytes += count;
    if (this.#bytes > MAX_CELL_BYTES) throw this.#tooLarge(`holds more than ${MAX_CELL_BYTES} bytes`);
  }

  #tooLarge(why: string): LedgerError {
    const field = this.#field();
    return new LedgerError("TOO_LARGE", `${field} ${why}`, { field });
  }

  #wrong(why: string, value: unknown): LedgerError {
    const field = this.#field();
    return new LedgerError("INVALID_ARGUMENT", `${field} ${why}`, { field, received: describeType(value) });
  }
}
