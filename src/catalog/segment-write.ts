import { encodeJson } from "../backend/json.ts";
import { TableFile } from "../parquet/table-file.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { ColumnsBuilder } from "./columns.ts";

/** Name of the column with the records, as JSON. */
export const RECORD = "record";
/** Keys of the footer's metadata: rows that may stand in for those of older segments, and whether something has no column. */
export const AMENDS = "runledger.amends";
export const INCOMPLETE = "runledger.incomplete";

/** A segment has no more rows, and ends early once it is this large. */
export const MAX_SEGMENT_ROWS = 32_768;
const MAX_SEGMENT_BYTES: number = 192 * 1024 * 1024;
const MAX_SEGMENT_CELLS = 12_000_000;
/** Bytes handed on at once. */
const PIECE_BYTES: number = 1024 * 1024;

/** Makes a segment of rows, one after the other, in memory that does not grow with the size of the records. */
export class SegmentWriter {
  readonly #columns = new ColumnsBuilder();
  readonly #file = new TableFile(RECORD);
  readonly #amends: [id: string, document: number, marker: number][] = [];

  get rows(): number {
    return this.#columns.rows;
  }

  get isFull(): boolean {
    const { rows, cells } = this.#columns;
    return rows >= MAX_SEGMENT_ROWS || cells >= MAX_SEGMENT_CELLS || this.#file.size >= MAX_SEGMENT_BYTES;
  }

  /** Adds a row; returns bytes to be stored once there are enough of them. */
  add(row: CatalogRow): Uint8Array | undefined {
    const { record, document, marker } = row;
    const before = this.#file.size;
    this.#file.add(encodeJson(record, "record"));
    this.#columns.add(row);
    if (document > 1 || marker > 0) this.#amends.push([record.id, document, marker]);
    const piece = Math.floor(this.#file.size / PIECE_BYTES) > Math.floor(before / PIECE_BYTES);
    return piece ? this.#file.take() : undefined;
  }

  /** The rest of the bytes. */
  end(): Uint8Array {
    const metadata: [string, string][] = [[AMENDS, JSON.stringify(this.#amends)]];
    if (this.#columns.incomplete) metadata.push([INCOMPLETE, "1"]);
    this.#file.end(this.#columns.columns(), metadata);
    return this.#file.take();
  }
}
