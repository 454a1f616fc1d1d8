import { LedgerError } from "../errors/ledger-error.ts";
import { tableFile } from "../media/table-file.ts";
import { isPlainObject } from "../platform/any-realm.ts";
import { isTensor, readTensor } from "../provenance/datasets/tensor.ts";

/** Returns a table of a data set, which may have tensors as columns, as a Parquet file. Rejects as {@link tableFile}. */
export async function encodeDatasetTable(source: object): Promise<Uint8Array> {
  return await tableFile(await withoutTensors(source));
}

/** Returns a table without tensors, and with null for `undefined` in columns. */
async function withoutTensors(source: object): Promise<object> {
  if (isTensor(source)) return await withoutTensors({ data: source });
  if (!isPlainObject(source)) return source;
  const columns: [string, unknown][] = [];
  for (const [name, cells] of Object.entries(source)) columns.push([name, await cellsOf(name, cells)]);
  return Object.fromEntries(columns);
}

async function cellsOf(name: string, cells: unknown): Promise<unknown> {
  if (Array.isArray(cells)) return cells.map((cell: unknown) => (cell === undefined ? null : cell));
  if (!isTensor(cells)) return cells;
  const field = `source.${name.slice(0, 100)}`;
  const { shape, numbers, at } = await readTensor(cells, field);
  if (shape.length === 1) return numbers ?? Array.from({ length: shape[0]! }, (_, i) => at(i));
  const message = `${field} has rows that are lists, which Parquet would not hold: store the file instead`;
  throw new LedgerError("INVALID_ARGUMENT", message, { field });
}
