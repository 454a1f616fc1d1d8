/** A table that was stored as Parquet. */
export interface StoredTable {
  /** The names of the columns, in order. */
  readonly names: readonly string[];
  /** The cells by the name of the column. */
  readonly columns: { readonly [name: string]: readonly (number | bigint | boolean | string | Date | null)[] };
  /** The number of rows. */
  readonly rows: number;
}

/** Reads the table in the bytes of a file. Rejects with `CORRUPT`, and with the signal's reason once it is aborted. */
export type TableReader = (bytes: Uint8Array, signal: AbortSignal | undefined) => Promise<StoredTable>;

/** The file of a stored table. */
export const TABLE_PATH = "data.parquet";
/** The file of a stored tensor of several dimensions. */
export const TENSOR_PATH = "data.npy";
