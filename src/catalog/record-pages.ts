import { crc32 } from "../bytes/crc32.ts";
import { ENCODING } from "../parquet/thrift-enums.ts";
import { inflatesTooFar } from "../parquet/page-read.ts";
import { readPageHeader } from "../parquet/page-header.ts";
import type { Directory } from "./segment-directory.ts";
import type { Range } from "./segment-file.ts";
import { MAX_PAGE_BYTES } from "./segment-limits.ts";

/** Where a page of records is: bytes of the segment, and rows. */
export interface RecordPage extends Range {
  readonly firstRow: number;
  readonly rows: number;
}

/** A page of records as it is stored. */
export interface StoredPage {
  readonly firstRow: number;
  readonly rows: number;
  /** It without its header. */
  readonly gzip: Uint8Array;
  /** Bytes of that, inflated. */
  readonly size: number;
}

/** Where the pages of records of a segment are, by its directory. There are thousands: as numbers, not as objects. */
export class RecordPages {
  readonly count: number;
  /** Of each page where it begins, in bytes and in rows, and of the last also where it ends. */
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

  /** The number of the page that holds the record of a row. */
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

/** A page made sure to be what was written once, though it is not inflated. Throws a RangeError for anything else. */
export function toStored({ firstRow, rows }: RecordPage, bytes: Uint8Array): StoredPage {
  const { kind, values, encoding, at, stored, size, crc } = readPageHeader(bytes, 0);
  const gzip = bytes.subarray(at);
  // A member ends with the size of what it holds.
  const held =
    gzip.length < 4 ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);
  const isWhole = stored === gzip.length && crc === (crc32(gzip) | 0) && held === size;
  if (kind !== "v1" || encoding !== ENCODING.plain || values !== rows || !isWhole)
    throw new RangeError("the page is malformed");
  if (size > MAX_PAGE_BYTES || inflatesTooFar(stored, size))
    throw new RangeError("a page inflates to more than it may");
  return { firstRow, rows, gzip, size };
}
