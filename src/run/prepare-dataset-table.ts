import { LedgerError } from "../errors/ledger-error.ts";
import { MAX_CELLS } from "../media/table.ts";
import { tableFile } from "../media/table-file.ts";
import { isPlainObject } from "../platform/any-realm.ts";
import { isByRow } from "../provenance/datasets/hash-table.ts";
import { isTensor, readTensor } from "../provenance/datasets/tensor.ts";

/**
 * Checks and copies a table of a data set, which may have tensors as columns. Resolves with what encodes it. Rejects as
 * {@link tableFile} throws.
 */
export async function prepareDatasetTable(
  source: object,
  signal: AbortSignal | undefined,
): Promise<() => Promise<Uint8Array>> {
  return tableFile(await withoutTensors(source, signal));
}

/** Returns a table without tensors, and with null for `undefined`. */
async function withoutTensors(source: object, signal: AbortSignal | undefined): Promise<object> {
  if (isTensor(source)) return await withoutTensors({ data: source }, signal);
  if (!isPlainObject(source)) return source;
  if (isByRow(source)) {
    const { columns, rows } = source;
    // What is too large is refused later, and not copied.
    if (columns.length * rows.length > MAX_CELLS) return source;
    const isRow = (row: unknown): row is unknown[] => Array.isArray(row) && row.length === columns.length;
    return { columns, rows: Array.from(rows, (row) => (isRow(row) ? withNulls(row) : row)) };
  }
  const columns: [string, unknown][] = [];
  for (const [name, cells] of Object.entries(source)) columns.push([name, await cellsOf(name, cells, signal)]);
  return Object.fromEntries(columns);
}

const withNulls = (cells: readonly unknown[]): unknown[] => Array.from(cells, (cell) => cell ?? null);

async function cellsOf(name: string, cells: unknown, signal: AbortSignal | undefined): Promise<unknown> {
  if (Array.isArray(cells)) return cells.length > MAX_CELLS ? cells : withNulls(cells);
  if (!isTensor(cells)) return cells;
  const field = `source.${name.slice(0, 100)}`;
  const { shape, numbers, at } = await readTensor(cells, field, signal);
  if (shape.length === 1) return numbers ?? Array.from({ length: shape[0]! }, (_, i) => at(i));
  const message = `${field} has rows that are lists, which Parquet would not hold: store the file instead`;
  throw new LedgerError("INVALID_ARGUMENT", message, { field });
}
