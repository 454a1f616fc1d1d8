import type { Sha256 } from "../../bytes/digest.ts";
import { describeType, LedgerError } from "../../errors/ledger-error.ts";
import { isArrayBuffer, isBytes, isDataView, isDate, isPlainObject } from "../../platform/any-realm.ts";
import type { ColumnProfile } from "../../journal/recorded-dataset.ts";
import { CellHash, type HashedBytes, sortedMembers, TAG } from "./cell-hash.ts";
import { ColumnStatistics } from "./column-statistics.ts";
import type { TensorData } from "./tensor.ts";

/** The type of the values of a column. */
export type ColumnType =
  | "null"
  | "number"
  | "bigint"
  | "string"
  | "boolean"
  | "date"
  | "bytes"
  | "list"
  | "object"
  | "mixed";

/** The deepest nesting of lists and objects in a cell. */
const MAX_DEPTH = 64;

/** The digest, the profile and the type of a column, whose cells come in the order of rows. */
export class ColumnDigest {
  readonly name: string;
  readonly #hash: CellHash;
  readonly #statistics: ColumnStatistics | undefined;
  readonly #types = new Set<ColumnType>();
  #rows = 0;
  /** False once a number has a fraction. */
  isWhole = true;

  constructor(name: string, hash: Sha256, hashed: HashedBytes, profiled: boolean) {
    this.name = name;
    this.#hash = new CellHash(hash, hashed);
    this.#statistics = profiled ? new ColumnStatistics() : undefined;
  }

  /** Whether no row has a value. */
  get isEmpty(): boolean {
    return this.#types.size === 0;
  }

  get type(): ColumnType {
    const types = new Set(this.#types);
    // A number is an integer of up to 53 bits, too.
    if (types.has("bigint")) types.delete("number");
    if (types.size > 1) return "mixed";
    return [...types][0] ?? "null";
  }

  /** Adds the cell of a row. Rows that are left out have null. */
  add(row: number, value: unknown): void {
    if (value === null || value === undefined) return;
    this.#padTo(row);
    this.#types.add(this.#cell(value, row));
    this.#rows = row + 1;
  }

  /** Adds the cells of consecutive rows, which are numbers. */
  addNumbers(values: ArrayLike<number>, from: number, to: number): void {
    if (to === from) return;
    this.#padTo(from);
    this.#types.add("number");
    this.#hash.numbers(values, from, to);
    const statistics = this.#statistics;
    statistics?.numbers(values, from, to);
    for (let i = from; i < to; i++) statistics?.cell(values[i]!);
    if (this.isWhole) for (let i = from; i < to; i++) if (!Number.isInteger(values[i])) this.isWhole = false;
    this.#rows = to;
  }

  /** Adds a row of a tensor whose rows are tensors themselves. */
  addTensorRow(row: number, data: TensorData): void {
    this.#padTo(row);
    this.#types.add("list");
    const size = data.shape.slice(1).reduce((product, each) => product * each, 1);
    this.#tensor(data, 1, row * size, size);
    this.#statistics?.cell();
    this.#rows = row + 1;
  }

  digestHex(rows: number): string {
    this.#padTo(rows);
    return this.#hash.digestHex();
  }

  profile(rows: number): ColumnProfile | undefined {
    return this.#statistics?.profile(rows);
  }

  #padTo(row: number): void {
    this.#hash.nulls(row - this.#rows);
  }

  #cell(value: unknown, row: number): ColumnType {
    const hash = this.#hash;
    switch (typeof value) {
      case "number":
        hash.number(value);
        this.#statistics?.number(value);
        this.#statistics?.cell(value);
        if (this.isWhole && !Number.isInteger(value)) this.isWhole = false;
        return "number";
      case "string":
        hash.string(value);
        this.#statistics?.cell(value);
        return "string";
      case "boolean":
        hash.tag(value ? TAG.true : TAG.false);
        this.#statistics?.cell(value);
        return "boolean";
      case "bigint":
        this.#statistics?.number(Number(value));
        this.#statistics?.cell(isSafe(value) ? Number(value) : `${value}`);
        return this.#bigint(value);
      default: {
        const ms = isDate(value) ? value.getTime() : undefined;
        this.#statistics?.cell(ms === undefined ? undefined : `date ${ms}`);
        if (ms !== undefined) this.#statistics?.date(ms);
        return this.#nested(value, row, 0, this.#statistics);
      }
    }
  }

  #bigint(value: bigint): ColumnType {
    if (isSafe(value)) {
      this.#hash.number(Number(value));
      return "number";
    }
    this.#hash.bigint(value);
    return "bigint";
  }

  /** Adds a value inside of a cell. `statistics` counts its numbers. */
  #value(value: unknown, row: number, depth: number, statistics: ColumnStatistics | undefined): void {
    switch (typeof value) {
      case "number":
        this.#hash.number(value);
        statistics?.number(value);
        return;
      case "string":
        return this.#hash.string(value);
      case "boolean":
        return this.#hash.tag(value ? TAG.true : TAG.false);
      case "bigint":
        statistics?.number(Number(value));
        this.#bigint(value);
        return;
      default:
        if (value === null || value === undefined) this.#hash.tag(TAG.null);
        else this.#nested(value, row, depth, statistics);
    }
  }

  #nested(value: unknown, row: number, depth: number, statistics: ColumnStatistics | undefined): ColumnType {
    const hash = this.#hash;
    if (depth > MAX_DEPTH) throw this.#wrong(row, `nests deeper than ${MAX_DEPTH} levels`, value);
    if (isBytes(value) || isDataView(value) || isArrayBuffer(value)) {
      const bytes = isArrayBuffer(value)
        ? new Uint8Array(value)
        : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      hash.sized(TAG.bytes, bytes);
      return "bytes";
    }
    if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      const list = value as ArrayLike<unknown>;
      hash.count(TAG.list, list.length);
      for (let i = 0; i < list.length; i++) this.#value(list[i], row, depth + 1, statistics);
      return "list";
    }
    if (isPlainObject(value)) {
      const members = sortedMembers(value);
      hash.count(TAG.object, members.length);
      for (const [name, member] of members) {
        hash.string(name);
        // Numbers of different members are not of one kind.
        this.#value(member, row, depth + 1, undefined);
      }
      return "object";
    }
    if (isDate(value)) {
      hash.date(value.getTime());
      return "date";
    }
    const hint = typeof (value as { data?: unknown } | null)?.data === "function" ? ": give tensors as columns" : "";
    throw this.#wrong(row, `must be data, but is of type ${describeType(value)}${hint}`, value);
  }

  #tensor(data: TensorData, level: number, from: number, size: number): void {
    const { shape, numbers, at } = data;
    const length = shape[level]!;
    this.#hash.count(TAG.list, length);
    if (level + 1 < shape.length) {
      const part = size / length;
      for (let i = 0; i < length; i++) this.#tensor(data, level + 1, from + i * part, part);
    } else if (numbers) {
      this.#hash.numbers(numbers, from, from + length);
      this.#statistics?.numbers(numbers, from, from + length);
    } else for (let i = from; i < from + length; i++) this.#value(at(i), 0, level, undefined);
  }

  #wrong(row: number, why: string, value: unknown): LedgerError {
    const field = `source.${this.name.length > 100 ? `${this.name.slice(0, 100)}…` : this.name}[${row}]`;
    return new LedgerError("INVALID_ARGUMENT", `${field} ${why}`, { field, received: describeType(value) });
  }
}

const MOST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const isSafe = (value: bigint): boolean => value <= MOST_SAFE && value >= -MOST_SAFE;
