import { isTypedArray } from "../platform/any-realm.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import { inOneGo } from "../platform/event-loop.ts";
import { ByteSink } from "./byte-sink.ts";
import { generalCompressor } from "./fflate-compressor.ts";
import {
  type ColumnElement,
  type Statistics,
  type WrittenChunk,
  type WrittenGroup,
  TEXT,
  TIMESTAMP,
  beginFile,
  endFile,
} from "./footer-write.ts";
import { ENCODING, TYPE } from "./thrift-enums.ts";
import { type Compressor, writeChunkInPieces } from "./column-chunk-write.ts";
import { plainBound, writePlain64, writePlainString } from "./plain.ts";
import { numberBounds, shortBounds } from "./statistics.ts";
import { compareUtf8 } from "../bytes/utf8-order.ts";

/**
 * A column of a table. An `int64` given as a float64 must be a safe integer. A `timestamp` is an `int64` of ms since
 * the epoch.
 */
export type TableColumn = { readonly name: string } & (
  | { readonly type: "double"; readonly values: Float64Array }
  | { readonly type: "int64"; readonly values: Float64Array | BigInt64Array }
  | { readonly type: "timestamp"; readonly values: Float64Array | BigInt64Array }
  | { readonly type: "boolean"; readonly values: readonly boolean[] }
  | { readonly type: "string"; readonly values: readonly string[] }
) & {
    /**
     * One flag per row: true if the row has no value. `values` is then ignored for that row. Makes the column OPTIONAL.
     */
    readonly nulls?: readonly boolean[];
  };

const GROUP_ROWS = 16_384;
/** The bytes of texts that are written between two yields. */
const PIECE_BYTES = 65_536;
/** The most bytes of a bound in the footer. Bounds of longer texts are shortened. */
const LONGEST_BOUND = 64;

/**
 * Returns a whole Parquet file of these columns, PLAIN and gzipped, in row groups of at most 16,384 rows, so that no
 * piece takes long. Throws `INVALID_ARGUMENT` if there are no columns, their lengths differ, two have one name, or a
 * value does not have the column's type.
 */
export function encodeTable(columns: readonly TableColumn[]): Uint8Array {
  return inOneGo(encodeTableInPieces(columns));
}

/** Does what {@link encodeTable} does. Yields where it may be interrupted, every few ms. */
export function* encodeTableInPieces(columns: readonly TableColumn[]): Generator<void, Uint8Array, void> {
  const rows = checkColumns(columns);
  const out = new ByteSink();
  const rowGroups: WrittenGroup[] = [];
  const schema = columns.map(elementOf);
  beginFile(out);
  for (let start = 0; start < rows; start += GROUP_ROWS) {
    const end = Math.min(rows, start + GROUP_ROWS);
    const groupStart = out.offset;
    const chunks: WrittenChunk[] = [];
    for (const [i, column] of columns.entries()) {
      chunks.push(yield* encodeChunkInPieces(out, schema[i]!, column, start, end));
      yield;
    }
    rowGroups.push({ chunks, rows: end - start, start: groupStart, end: out.offset });
  }
  endFile(out, schema, rowGroups);
  return out.written;
}

/** Returns the schema element of a column. */
export function elementOf({ name, type, nulls }: Pick<TableColumn, "name" | "type" | "nulls">): ColumnElement {
  const optional = nulls !== undefined;
  if (type === "double") return { name, type: TYPE.double, optional };
  if (type === "int64") return { name, type: TYPE.int64, optional };
  if (type === "boolean") return { name, type: TYPE.boolean, optional };
  return { name, optional, ...(type === "timestamp" ? TIMESTAMP : TEXT) };
}

/** Writes the rows from `start` to `end` of a column as one page. Yields where it may be interrupted. */
export function* encodeChunkInPieces(
  out: ByteSink,
  element: ColumnElement,
  column: TableColumn,
  start: number,
  end: number,
  compressor: Compressor = generalCompressor,
): Generator<void, WrittenChunk, void> {
  const page = new ByteSink();
  const { nulls } = column;
  if (nulls) writePresence(nulls, start, end, page);
  const rows: number[] = [];
  for (let row = start; row < end; row++) if (!nulls?.[row]) rows.push(row);
  const statistics = { nulls: end - start - rows.length, ...(yield* writeValues(column, rows, page)) };
  yield;
  const pages = [{ encoding: ENCODING.plain, count: end - start, bytes: page.written }];
  return yield* writeChunkInPieces(out, element, pages, compressor, statistics);
}

/** Writes definition levels: their length in bytes, then one bit a row, packed in groups of eight. */
function writePresence(nulls: readonly boolean[], start: number, end: number, page: ByteSink): void {
  const levels = new ByteSink();
  levels.varint(Math.ceil((end - start) / 8) * 2 + 1);
  writeBits(end - start, (i) => !nulls[start + i], levels);
  page.uint32(levels.index);
  page.bytes(levels.written);
}

function writeBits(count: number, bit: (i: number) => boolean, page: ByteSink): void {
  for (let i = 0; i < count; i += 8) {
    let byte = 0;
    for (let j = i; j < Math.min(i + 8, count); j++) if (bit(j)) byte |= 1 << (j - i);
    page.byte(byte);
  }
}

type Extremes = Omit<Statistics, "nulls">;

/** Writes the values of these rows and returns their bounds. Yields where it may be interrupted. */
function* writeValues(
  { name, type, values }: TableColumn,
  rows: readonly number[],
  page: ByteSink,
): Generator<void, Extremes, void> {
  if (type === "double") {
    const chosen = Float64Array.from(rows, (row) => values[row]!);
    writePlain64(chosen, page);
    const bounds = numberBounds([chosen]);
    return bounds ? { min: plainBound(bounds.min), max: plainBound(bounds.max) } : {};
  }
  if (type === "int64" || type === "timestamp") {
    const chosen = BigInt64Array.from(rows, (row) => toBigInt(values[row]!, name));
    yield;
    writePlain64(chosen, page);
    return extremes(chosen, (a, b) => (a < b ? -1 : 1));
  }
  if (type === "boolean") {
    for (const row of rows) check(values[row], "boolean", "booleans", name);
    writeBits(rows.length, (i) => values[rows[i]!]!, page);
    return extremes(
      rows.map((row) => values[row]!),
      (a, b) => Number(a) - Number(b),
    );
  }
  let next = page.index + PIECE_BYTES;
  for (const row of rows) {
    check(values[row], "string", "strings", name);
    writePlainString(values[row]!, page);
    if (page.index < next) continue;
    next = page.index + PIECE_BYTES;
    yield;
  }
  yield;
  return extremes(
    rows.map((row) => values[row]!),
    compareUtf8,
  );
}

function extremes<T extends bigint | boolean | string>(
  values: ArrayLike<T>,
  compare: (a: T, b: T) => number,
): Extremes {
  if (values.length === 0) return {};
  let min = values[0]!;
  let max = min;
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    if (compare(value, min) < 0) min = value;
    if (compare(value, max) > 0) max = value;
  }
  return shortBounds(plainBound(min), plainBound(max), LONGEST_BOUND);
}

function toBigInt(value: number | bigint, name: string): bigint {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw invalidArgument(`columns[${name}].values`, "safe integers", value);
  }
  return BigInt(value);
}

function check(value: unknown, type: string, expected: string, name: string): void {
  if (typeof value !== type) throw invalidArgument(`columns[${name}].values`, expected, value);
}

/** Checks the columns and returns the number of rows. */
function checkColumns(columns: readonly TableColumn[]): number {
  const first = columns[0];
  if (first === undefined) throw invalidArgument("columns", "at least one column", columns);
  const names = new Set<string>();
  for (const { name, type, values, nulls } of columns) {
    if (typeof name !== "string" || name === "") throw invalidArgument("columns[].name", "a string with text", name);
    const field = `columns[${name}]`;
    if (names.has(name)) throw new LedgerError("INVALID_ARGUMENT", `${field} is given twice`, { field });
    names.add(name);
    if (!["double", "int64", "timestamp", "boolean", "string"].includes(type)) {
      throw invalidArgument(`${field}.type`, "double, int64, timestamp, boolean or string", type);
    }
    if (type === "double" && !isTypedArray(values, "Float64Array")) {
      throw invalidArgument(`${field}.values`, "a Float64Array", values);
    }
    if (
      (type === "int64" || type === "timestamp") &&
      !(isTypedArray(values, "Float64Array") || isTypedArray(values, "BigInt64Array"))
    ) {
      throw invalidArgument(`${field}.values`, "a Float64Array or BigInt64Array", values);
    }
    if ((type === "boolean" || type === "string") && !Array.isArray(values)) {
      throw invalidArgument(`${field}.values`, "an array", values);
    }
    if (values.length !== first.values.length || (nulls && nulls.length !== values.length)) {
      throw new LedgerError("INVALID_ARGUMENT", `${field} must have one value and one null flag per row`, {
        field,
      });
    }
  }
  return first.values.length;
}
