import { PAGE } from "./thrift-enums.ts";
import { ThriftReader } from "./thrift-read.ts";

export interface PageHeader {
  readonly kind: "dictionary" | "v1" | "v2";
  readonly values: number;
  readonly encoding: number;
  /** The number of stored bytes after the header. */
  readonly stored: number;
  /** The number of bytes that the stored bytes inflate to. */
  readonly size: number;
  /** Signed CRC-32 of the stored bytes, if the header has one. */
  readonly crc: number | undefined;
  /** The number of nulls among the values. 0 if the page is not v2. */
  readonly nulls: number;
  /** The number of bytes of definition levels, which v2 never compresses. 0 if the page is not v2. */
  readonly levels: number;
  /** Whether the bytes after the levels are compressed, if the column chunk has a codec. */
  readonly compressed: boolean;
  /** The position of the stored bytes in the column chunk. */
  readonly at: number;
}

/** The most values that a header may hold. */
const MAX_VALUES = 100;

/** Reads the page header at `start` of a column chunk. Throws a RangeError unless there is a valid one. */
export function readPageHeader(chunk: Uint8Array, start: number): PageHeader {
  const reader = new ThriftReader(chunk, start, MAX_VALUES);
  const page = reader.struct();
  const { at } = reader;
  const stored = page.integer(3);
  const size = page.integer(2);
  if (stored < 0 || size < 0 || stored > chunk.length - at) throw new RangeError("the page is malformed");
  const crc = page.has(4) ? page.integer(4) | 0 : undefined;
  const rest = { stored, size, crc, at, nulls: 0, levels: 0, compressed: true };
  const type = page.integer(1);
  if (type === PAGE.data) {
    const data = page.struct(5);
    return { kind: "v1", values: data.integer(1), encoding: data.integer(2), ...rest };
  }
  if (type === PAGE.dictionary) {
    const dictionary = page.struct(7);
    return { kind: "dictionary", values: dictionary.integer(1), encoding: dictionary.integer(2), ...rest };
  }
  if (type !== PAGE.dataV2) throw new RangeError("the page is malformed");
  const data = page.struct(8);
  const values = data.integer(1);
  const levels = data.integer(5);
  if (data.integer(3) !== values || data.integer(6) !== 0) throw new RangeError("a page has lists");
  if (levels < 0 || levels > Math.min(stored, size)) throw new RangeError("the page is malformed");
  const compressed = !data.isFalse(7);
  return { kind: "v2", values, encoding: data.integer(4), ...rest, nulls: data.integer(2), levels, compressed };
}
