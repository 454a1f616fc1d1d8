import { toWellFormed } from "../bytes/well-formed.ts";
import { breakIfDue, inSlices } from "../platform/event-loop.ts";
import { copyAdvice } from "../errors/ledger-error.ts";
import { isDataView, isPlainObject, isTypedArray } from "../platform/any-realm.ts";
import { MAX_VALUE_BYTES, type MediaContent } from "./content.ts";
import { encodeTableInPieces, type TableColumn } from "../parquet/table-write.ts";
import { ColumnBuilder, shorten, type TableUse } from "./column-builder.ts";
import { impossible, tooLarge, wrongInput } from "./wrong-input.ts";

/** One cell. A column holds values of one type, and `null`. */
export type TableValue = number | bigint | string | boolean | Date | null;

/** A typed array of numbers. */
type NumberArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/**
 * A table in one of three forms: columns by name, all of the same length; the names of the columns and rows of as many
 * cells; or rows as objects. The columns of rows as objects are in the order in which their names first appear, and a
 * row without a column has `null` there.
 */
export type TableSource =
  | { readonly [name: string]: TableColumnSource }
  | {
      /** The names of the columns, in order. */
      readonly columns: readonly string[];
      /** The rows. Each has one cell for each column. */
      readonly rows: readonly (readonly TableValue[])[];
    }
  | readonly TableRow[];

/** A column of a table: cells of one type, or a typed array. */
type TableColumnSource = readonly TableValue[] | NumberArray | BigInt64Array | BigUint64Array;

/**
 * Rows or columns of any type `T` whose members are cells or columns. It admits an interface, which has no index
 * signature and so is not a {@link TableRow}.
 */
export type TableOf<T> = T extends readonly (infer Row)[]
  ? readonly RowOf<Row>[]
  : { readonly [Name in keyof T]: T[Name] extends TableColumnSource ? T[Name] : never };

/** A row of a table of any type. */
type RowOf<T> = T extends readonly unknown[] | ArrayBufferView
  ? never
  : T extends object
    ? { readonly [Name in keyof T]: T[Name] extends TableValue | undefined ? T[Name] : never }
    : never;

/** A row of a table. */
export interface TableRow {
  readonly [column: string]: TableValue | undefined;
}

export const MAX_CELLS = 10_000_000;
export const MAX_COLUMNS = 4096;
const MAX_COLUMN_NAME_LENGTH = 250;
const OF_BIGINTS = ["BigInt64Array", "BigUint64Array"] as const;

/** Rows that are read before the next ones. */
const ROWS_AT_ONCE = 512;
/** Tables that take less are encoded at once. */
const SMALL_BYTES = 65_536;

const LOGGED: TableUse = { root: "table", isExact: false };

/** A column that the caller gave. */
interface Column {
  readonly name: string;
  /** All cells, if the caller gave them by column. */
  readonly cells?: ArrayLike<unknown> | undefined;
  /** Otherwise puts the cells of the rows `[from, to)` into `room`. */
  readonly read?: (from: number, to: number, room: unknown[]) => void;
  /** All cells, if they are in a typed array. */
  readonly typed?: ArrayLike<number> | undefined;
}

/**
 * Returns the content of a table. Numbers become doubles, bigints int64, and dates int64 of ms since the epoch. Throws
 * `INVALID_ARGUMENT` that names the column and row of an invalid cell, and `TOO_LARGE` beyond the limits.
 */
export function tableContent(source: unknown): MediaContent {
  const { columns, rows, held, dates } = tableColumns(source);
  return {
    type: "table",
    mediaType: "application/vnd.apache.parquet",
    held,
    encode: async () => {
      // Checking and copying the cells may already have taken a while.
      if (held > SMALL_BYTES) await breakIfDue();
      return await inSlices(encodeTableInPieces(columns));
    },
    details: { rows, columns: columns.length, ...(dates.length > 0 && { dates }) },
  };
}

/** The columns of a table, checked and copied. */
interface OwnColumns {
  readonly columns: readonly TableColumn[];
  readonly rows: number;
  /** Bytes in memory. */
  readonly held: number;
  /** The places of the columns that hold dates, as int64. */
  readonly dates: readonly number[];
}

/** Returns the columns of a table. Throws as {@link tableContent} does. */
export function tableColumns(source: unknown, use: TableUse = LOGGED): OwnColumns {
  const { root } = use;
  const { columns, rows } = readSource(source, root);
  if (columns.length === 0) throw impossible(root, "has no columns", source);
  if (columns.length > MAX_COLUMNS) throw tooLarge(root, `${columns.length} columns`, `${MAX_COLUMNS}`);
  if (columns.length * rows > MAX_CELLS) throw tooLarge(root, `${columns.length * rows} cells`, `${MAX_CELLS}`);
  const builders = columns.map(({ name, cells, typed }) => {
    const builder = new ColumnBuilder(name, rows, use);
    if (typed) builder.setNumbers(typed);
    else if (cells) builder.set(0, rows, cells);
    return builder;
  });
  const heldBy = (): number => builders.reduce((sum, { held }) => sum + held, 0);
  const room: unknown[] = [];
  // Rows are spread over the memory, so all columns of a few rows are read before the next rows.
  for (let from = 0; from < rows && columns[0]!.read; from += ROWS_AT_ONCE) {
    const to = Math.min(rows, from + ROWS_AT_ONCE);
    for (const [i, { read }] of columns.entries()) {
      read!(from, to, room);
      builders[i]!.set(from, to, room);
    }
    if (heldBy() > MAX_VALUE_BYTES) break;
  }
  const held = heldBy();
  if (held > MAX_VALUE_BYTES) throw tooLarge(root, "cells of more bytes", `${MAX_VALUE_BYTES}`);
  const dates = builders.flatMap(({ holdsDates }, i) => (holdsDates ? [i] : []));
  return { columns: builders.map((builder) => builder.column()), rows, held, dates };
}

function readSource(source: unknown, root: string): { columns: Column[]; rows: number } {
  if (Array.isArray(source)) return readObjects(source, root);
  // Maps, Tensors and other class instances have no columns of their own.
  if (!isPlainObject(source))
    throw wrongInput(root, "an object of columns, { columns, rows } or an array of objects", source);
  const { columns, rows, data } = source as { columns?: unknown; rows?: unknown; data?: unknown };
  // W&B and pandas call the rows `data`. A column holds no arrays, so this is a mistake.
  if (rows === undefined && Array.isArray(columns) && Array.isArray(data) && Array.isArray(data[0]))
    throw wrongInput(`${root}.data`, "a column of cells", data, "give rows of cells as { columns, rows }");
  const isByRow =
    Array.isArray(columns) &&
    Array.isArray(rows) &&
    Object.keys(source).length === 2 &&
    (rows.length === 0 || Array.isArray(rows[0]));
  return isByRow ? readRows(columns, rows, root) : readColumns(source as Record<string, unknown>, root);
}

function readObjects(rows: readonly unknown[], root: string): { columns: Column[]; rows: number } {
  if (rows.length === 0)
    throw impossible(root, "has no columns: name them with { columns, rows } for a table without rows", rows);
  const names = new Map<string, string>();
  let before: readonly string[] = [];
  rows.forEach((row, i) => {
    if (!isPlainObject(row)) {
      const hint = Array.isArray(row) ? "give rows of cells as { columns, rows }" : copyAdvice(row).replace(": ", "");
      throw wrongInput(`${root}[${i}]`, "an object of cells", row, hint);
    }
    // Most rows have the keys of the row before them.
    if (hasKeys(row, before)) return;
    const keys = (before = Object.keys(row));
    for (const key of keys) {
      if (names.has(key)) continue;
      names.set(key, checkName(key, `${root}[${i}]`));
      if (names.size > MAX_COLUMNS) throw tooLarge(root, `more than ${MAX_COLUMNS} columns`, `${MAX_COLUMNS}`);
    }
  });
  const columns = [...names].map(([key, name]): Column => {
    const isInherited = key in Object.prototype;
    const read = (from: number, to: number, room: unknown[]): void => {
      for (let at = from; at < to; at++) {
        const row = rows[at] as Record<string, unknown>;
        room[at - from] = isInherited && !Object.hasOwn(row, key) ? null : (row[key] ?? null);
      }
    };
    return { name, read };
  });
  assertDistinct(columns, root);
  return { columns, rows: rows.length };
}

/** Returns whether an object has exactly these keys, in this order. Does not make a list of them. */
function hasKeys(row: object, keys: readonly string[]): boolean {
  let i = 0;
  for (const key in row) if (key !== keys[i++]) return false;
  return i === keys.length && i > 0;
}

/** Throws if two columns have the same name. Replacing lone surrogates may make two names equal. */
function assertDistinct(columns: readonly Column[], root: string): void {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name)) throw impossible(`${root}.${shorten(name)}`, "repeats the name of an earlier column", name);
    seen.add(name);
  }
}

function readRows(
  names: readonly unknown[],
  rows: readonly unknown[],
  root: string,
): { columns: Column[]; rows: number } {
  const seen = new Set<unknown>();
  const columns = names.map((name, i): Column => {
    if (typeof name !== "string") throw wrongInput(`${root}.columns[${i}]`, "a string", name);
    const own = checkName(name, `${root}.columns[${i}]`);
    if (seen.has(own)) throw impossible(`${root}.columns[${i}]`, "repeats the name of an earlier column", name);
    seen.add(own);
    const read = (from: number, to: number, room: unknown[]): void => {
      for (let row = from; row < to; row++) room[row - from] = (rows[row] as readonly unknown[])[i];
    };
    return { name: own, read };
  });
  rows.forEach((row, i) => {
    if (!Array.isArray(row)) throw wrongInput(`${root}.rows[${i}]`, "an array of cells", row);
    if (row.length !== names.length)
      throw impossible(`${root}.rows[${i}]`, `has ${row.length} cells, but there are ${names.length} columns`, row);
  });
  return { columns, rows: rows.length };
}

function readColumns(source: Record<string, unknown>, root: string): { columns: Column[]; rows: number } {
  let rows: number | undefined;
  const columns = Object.keys(source).map((key): Column => {
    const name = checkName(key, root);
    const cells = source[key];
    if (!Array.isArray(cells) && !(ArrayBuffer.isView(cells) && !isDataView(cells)))
      throw wrongInput(`${root}.${shorten(name)}`, "an array of cells", cells);
    const list = cells as ArrayLike<unknown>;
    rows ??= list.length;
    if (list.length !== rows)
      throw impossible(
        `${root}.${shorten(name)}`,
        `has ${list.length} cells, but the column before has ${rows}`,
        cells,
      );
    const typed = ArrayBuffer.isView(cells) && !isTypedArray(cells, ...OF_BIGINTS) && list.length > 0;
    return { name, cells: list, ...(typed && { typed: list as ArrayLike<number> }) };
  });
  assertDistinct(columns, root);
  return { columns, rows: rows ?? 0 };
}

/** Returns the name of a column as it is stored. */
function checkName(name: string, field: string): string {
  if (name === "") throw impossible(field, "has a column without a name", name);
  if (name.length > MAX_COLUMN_NAME_LENGTH)
    throw impossible(field, `has a column name of more than ${MAX_COLUMN_NAME_LENGTH} characters`, name);
  return toWellFormed(name);
}
