import { crc32 } from "../bytes/crc32.ts";
import { ENCODING } from "../parquet/thrift-enums.ts";
import { inflatesTooFar } from "../parquet/page-read.ts";
import { readPageHeader } from "../parquet/page-header.ts";
import type { Directory } from "./segment-directory.ts";
import type { Range } from "./segment-file.ts";
import { MAX_PAGE_BYTES } from "./segment-limits.ts";

/** The place of a page of records: bytes of the segment, and rows. */
export interface RecordPage extends Range {
  readonly firstRow: number;
  readonly rows: number;
}

/** A stored page of records. */
export interface StoredPage {
  readonly firstRow: number;
  readonly rows: number;
  /** The page without its header. */
  readonly gzip: Uint8Array;
  /** The size of the inflated page in bytes. */
  readonly size: number;
}

/**
 * The places of a segment's pages of records, from its directory. There are thousands, so they are kept as numbers, not
 * as objects.
 */
export class RecordPages {
  readonly count: number;
  /** The beginning of each page in bytes and in rows, and the end of the last page. */
  readonly #starts: Float64Array;
  readonly #firstRows: Uint32Array;

  constructor({ start, sizes, rows }: Directory["records"]) {
    this.count = sizes.length;
    this.#starts = new Float64Array(sizes.length + 1).fill(start);
    this.#firstRows = new Uint32Array(sizes.length + 1);
    for (let i = 0; i < sizes.length; i++) {
      this.#starts[i + 1] = this.#starts[i]! + sizes[i]!;
      this.#firstRows[i + 1] = this.#firstRows[i]! + rows[i]!;
    }
  }

  at(i: number): RecordPage {
    const firstRow = this.#firstRows[i]!;
    return { start: this.#starts[i]!, end: this.#starts[i + 1]!, firstRow, rows: this.#firstRows[i + 1]! - firstRow };
  }

  /** Returns the number of the page that holds the record of a row. */
  of(row: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#firstRows[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Returns a page after checking that its bytes are undamaged, without inflating it. Throws a RangeError otherwise. */
export function toStored({ firstRow, rows }: RecordPage, bytes: Uint8Array): StoredPage {
  const { kind, values, encoding, at, stored, size, crc } = readPageHeader(bytes, 0);
  const gzip = bytes.subarray(at);
  // A gzip member ends with the size of its content.
  const held =
    gzip.length < 4 ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);
  const isWhole = stored === gzip.length && crc === (crc32(gzip) | 0) && held === size;
  if (kind !== "v1" || encoding !== ENCODING.plain || values !== rows || !isWhole)
    throw new RangeError("the page is malformed");
  if (size > MAX_PAGE_BYTES || inflatesTooFar(stored, size))
    throw new RangeError("a page inflates to more than it may");
  return { firstRow, rows, gzip, size };
}
