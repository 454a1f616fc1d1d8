import { TABLE_PATH, TENSOR_PATH } from "../artifacts/stored-table.ts";
import { encodeTensor } from "../artifacts/tensor-file.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { MAX_CELLS } from "../media/table.ts";
import { tableFile } from "../media/table-file.ts";
import { isPlainObject } from "../platform/any-realm.ts";
import { isByRow } from "../provenance/datasets/hash-table.ts";
import { isTensor, readTensor } from "../provenance/datasets/tensor.ts";

/**
 * Checks and copies a table of a data set, which may have tensors as columns, or be one. Resolves with what encodes it:
 * a tensor of several dimensions as a NumPy file, anything else as Parquet. Rejects as {@link tableFile} throws.
 */
export async function prepareDatasetTable(
  source: object,
  signal: AbortSignal | undefined,
): Promise<() => Promise<{ readonly files: { readonly [path: string]: Uint8Array } }>> {
  if (isTensor(source) && source.shape.length > 1 && source.dtype !== "string") {
    const { shape, at, numbers } = await readTensor(source, "source.data", signal);
    const length = shape.reduce((product, size) => product * size, 1);
    const values = numbers ?? Array.from({ length }, (_, i) => at(i) as boolean);
    return async () => ({ files: { [TENSOR_PATH]: await encodeTensor(shape, values, numbers === undefined) } });
  }
  const encode = tableFile(await withoutTensors(source, signal));
  return async () => ({ files: { [TABLE_PATH]: await encode() } });
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
  const columns = shape.slice(1).reduce((product, size) => product * size, 1);
  const advice =
    columns === 1
      ? `make it one of one dimension, tensor.reshape([${shape[0]}])`
      : cells.dtype === "string"
        ? "give each of its columns a name"
        : "log the tensor as a data set of its own, logDataset(name, tensor, { store: true })";
  const message = `${field} is a tensor of ${shape.length} dimensions, which a column of a stored table cannot be: ${advice}`;
  throw new LedgerError("INVALID_ARGUMENT", message, { field });
}
