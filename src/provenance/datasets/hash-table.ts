import { describeType, invalidArgument, LedgerError } from "../../errors/ledger-error.ts";
import { isDataView, isPlainObject, isTypedArray } from "../../platform/any-realm.ts";
import type { ColumnDigest } from "./column-digest.ts";
import type { TableDigest } from "./table-digest.ts";
import { isTensor, readTensor, type TensorLike } from "./tensor.ts";

const NUMBERS_AT_ONCE = 4096;

/** Adds a table that is in memory: columns by name, names and rows of cells, or rows as objects. */
export async function hashTable(table: TableDigest, source: object): Promise<void> {
  if (Array.isArray(source)) return await hashRows(table, source, 0);
  if (isTensor(source)) return await hashColumns(table, { data: source });
  await (isByRow(source)
    ? hashCells(table, source.columns, source.rows)
    : hashColumns(table, source as Record<string, unknown>));
}

/** Returns whether a table has the form of names of columns and rows of cells. */
export function isByRow(source: object): source is { columns: readonly unknown[]; rows: readonly unknown[] } {
  const { columns, rows } = source as { columns?: unknown; rows?: unknown };
  return (
    Array.isArray(columns) &&
    Array.isArray(rows) &&
    Object.keys(source).length === 2 &&
    (rows.length === 0 || Array.isArray(rows[0]))
  );
}

/** Adds rows, or lists of rows, that arrive one after another. Keeps none of them. */
export async function hashStream(table: TableDigest, items: AsyncIterable<unknown>): Promise<void> {
  let row = 0;
  for await (const item of items) {
    const rows = Array.isArray(item) ? item : [item];
    await hashRows(table, rows, row);
    row += rows.length;
  }
}

async function hashRows(table: TableDigest, rows: readonly unknown[], first: number): Promise<void> {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (!isPlainObject(row)) {
      const hint = Array.isArray(row) ? ": give rows of cells as { columns, rows }" : "";
      const field = `source[${first + i}]`;
      throw new LedgerError(
        "INVALID_ARGUMENT",
        `${field} must be an object of cells, but is of type ${describeType(row)}${hint}`,
        { field, received: describeType(row) },
      );
    }
    const keys = Object.keys(row);
    table.assertRoom(keys.length);
    for (const key of keys) {
      const column = table.column(key);
      const pause = table.pause(column.add(first + i, (row as Record<string, unknown>)[key]));
      if (pause) await pause;
    }
    // A row may have no cells.
    const pause = table.pause();
    if (pause) await pause;
  }
  table.rows = first + rows.length;
}

async function hashCells(table: TableDigest, names: readonly unknown[], rows: readonly unknown[]): Promise<void> {
  table.assertRoom(names.length);
  const columns = names.map((name, i) => {
    if (typeof name !== "string") throw invalidArgument(`source.columns[${i}]`, "a string", name);
    return table.newColumn(name);
  });
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const field = `source.rows[${i}]`;
    if (!Array.isArray(row)) throw invalidArgument(field, "an array of cells", row);
    if (row.length !== names.length) {
      const message = `${field} has ${row.length} cells, but there are ${names.length} columns`;
      throw new LedgerError("INVALID_ARGUMENT", message, { field });
    }
    for (const [at, column] of columns.entries()) {
      const pause = table.pause(column.add(i, row[at]));
      if (pause) await pause;
    }
  }
  table.rows = rows.length;
}

async function hashColumns(table: TableDigest, source: Record<string, unknown>): Promise<void> {
  let known: number | undefined;
  const keys = Object.keys(source);
  table.assertRoom(keys.length);
  for (const key of keys) {
    const cells = source[key];
    const field = `source.${key.length > 100 ? `${key.slice(0, 100)}…` : key}`;
    const column = table.newColumn(key);
    const rows = isTensor(cells)
      ? await hashTensor(table, column, cells, field)
      : await hashColumn(table, column, cells, field);
    known ??= rows;
    if (rows !== known) {
      const message = `${field} has ${rows} cells, but the column before has ${known}`;
      throw new LedgerError("INVALID_ARGUMENT", message, { field });
    }
  }
  table.rows = known ?? 0;
}

async function hashColumn(table: TableDigest, column: ColumnDigest, cells: unknown, field: string): Promise<number> {
  if (!Array.isArray(cells) && !(ArrayBuffer.isView(cells) && !isDataView(cells)))
    throw invalidArgument(field, "an array of cells, a typed array or a tensor", cells);
  const list = cells as ArrayLike<unknown>;
  const isTyped = ArrayBuffer.isView(cells) && !isTypedArray(cells, "BigInt64Array", "BigUint64Array");
  if (isTyped) await hashNumbers(table, column, list as ArrayLike<number>);
  else {
    for (let row = 0; row < list.length; row++) {
      const pause = table.pause(column.add(row, list[row]));
      if (pause) await pause;
    }
  }
  return list.length;
}

async function hashNumbers(table: TableDigest, column: ColumnDigest, values: ArrayLike<number>): Promise<void> {
  for (let from = 0; from < values.length; from += NUMBERS_AT_ONCE) {
    const to = Math.min(values.length, from + NUMBERS_AT_ONCE);
    column.addNumbers(values, from, to);
    const pause = table.pause();
    if (pause) await pause;
  }
}

async function hashTensor(
  table: TableDigest,
  column: ColumnDigest,
  tensor: TensorLike,
  field: string,
): Promise<number> {
  const data = await readTensor(tensor, field, table.signal);
  const [rows = 0, ...rest] = data.shape;
  if (rest.length === 0 && data.numbers) {
    await hashNumbers(table, column, data.numbers);
    return rows;
  }
  const add = rest.length > 0 ? column.tensorRows(data) : (row: number) => column.add(row, data.at(row));
  for (let row = 0; row < rows; row++) {
    const pause = table.pause(add(row));
    if (pause) await pause;
  }
  return rows;
}
