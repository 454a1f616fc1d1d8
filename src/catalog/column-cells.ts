import { utf8Decoder } from "../bytes/utf8.ts";
import { decodePlainDoubles, decodePlainIntegers } from "../parquet/plain.ts";
import { CODEC, ENCODING } from "../parquet/thrift-enums.ts";
import { type Page, inflatesTooFar, readPages } from "../parquet/page-read.ts";
import { decodeHybrid } from "../parquet/rle-hybrid.ts";
import { NESTED } from "../filter/flatten-params.ts";
import { MAX_COLUMN_BYTES } from "./segment-limits.ts";
import type { ColumnEntry, ColumnType } from "./segment-directory.ts";

type Value = number | boolean | string | bigint | typeof NESTED | null;

/** The values of a column by row. A row without a value has `null`. */
export interface Cells {
  readonly length: number;
  at(row: number): Value | undefined;
}

const decoder = /* @__PURE__ */ utf8Decoder();

/**
 * Decodes a column of `rows` rows, or a page of a column. Throws a RangeError, or an error of inflating, for anything
 * else.
 */
export function decodeCells(
  bytes: Uint8Array,
  { type, codec, nulls }: Pick<ColumnEntry, "type" | "codec" | "nulls">,
  rows: number,
): Cells {
  const layout = { start: 0, dataStart: 0, end: bytes.length, gzip: codec === CODEC.gzip, optional: nulls > 0 };
  // A value that is not a text takes at most 8 bytes, and two bits more in pages with nulls.
  const most = type === "string" ? MAX_COLUMN_BYTES : 9 * rows + 64;
  const admit = (_: number, size: number): boolean => size <= most && !inflatesTooFar(bytes.length, size);
  const [page, more] = readPages(bytes, layout, rows, admit, true).data;
  if (page === undefined || more !== undefined || page.encoding !== ENCODING.plain)
    throw new RangeError("the page is malformed");
  return page.levels ? spread(page, page.levels, type) : DECODERS[type](page.bytes, rows);
}

const INTEGER = /^-?[1-9][0-9]{0,999}$/;

/** Returns the integers of a column of digits. Any other text counts as no value. */
export function integersOf(cells: Cells): Cells {
  const at = (row: number): bigint | null => {
    const digits = cells.at(row);
    return typeof digits === "string" && INTEGER.test(digits) ? BigInt(digits) : null;
  };
  return { length: cells.length, at };
}

/** Returns {@link NESTED} for each row in which a column of booleans is true. */
export function nestedOf(cells: Cells): Cells {
  return { length: cells.length, at: (row) => (cells.at(row) === true ? NESTED : null) };
}

/** Decodes an inflated page of texts. */
export function decodeTexts(bytes: Uint8Array, rows: number): Cells {
  return new Texts(bytes, rows);
}

function spread({ bytes, values }: Page, levels: Uint8Array, type: ColumnType): Cells {
  const cells = new Array<Value>(values).fill(null);
  const places: number[] = [];
  let row = 0;
  decodeHybrid(levels, 1, values, (level, rows) => {
    if (level > 1) throw new RangeError("the page is malformed");
    for (let i = 0; i < rows; i++, row++) if (level === 1) places.push(row);
  });
  const found = DECODERS[type](bytes, places.length);
  for (let i = 0; i < places.length; i++) cells[places[i]!] = found.at(i)!;
  return cells;
}

/** The decoders by type. Each takes bytes that hold exactly `count` values. */
const DECODERS: Readonly<Record<ColumnType, (bytes: Uint8Array, count: number) => Cells>> = {
  double: (bytes, count) => {
    const out = new Float64Array(count);
    decodePlainDoubles(bytes, out, 0, count);
    return out;
  },
  int64: (bytes, count) => {
    const out = new Float64Array(count);
    decodePlainIntegers(bytes, out, 0, count);
    return out;
  },
  boolean: (bytes, count) => {
    if (bytes.length !== Math.ceil(count / 8)) throw new RangeError("the page is malformed");
    return Array.from({ length: count }, (_, i) => ((bytes[i >> 3]! >> (i & 7)) & 1) === 1);
  },
  string: (bytes, count) => new Texts(bytes, count),
};

/** Texts of this many bytes on average are decoded together. Longer ones would take memory twice, and block for long. */
const SHORT_BYTES = 256;

/** Texts that are decoded when they are read, because most of them are never read. */
class Texts implements Cells {
  readonly length: number;
  readonly #bytes: Uint8Array;
  /** All bytes as one text, if each byte is a character and the texts are short. */
  readonly #ascii: string | undefined;
  /** The position of each text, and the position at which another text would follow the last. */
  readonly #starts: Uint32Array;
  readonly #made: (string | undefined)[];

  constructor(bytes: Uint8Array, count: number) {
    this.length = count;
    this.#bytes = bytes;
    this.#starts = startsOf(bytes, count);
    this.#made = new Array<string | undefined>(count);
    const isShort = bytes.length <= SHORT_BYTES * count;
    const all = isShort ? decoder.decode(bytes) : "";
    // The lengths are the same only if every byte is a character, including the bytes between the texts.
    this.#ascii = isShort && all.length === bytes.length ? all : undefined;
  }

  at(row: number): string | undefined {
    const made = this.#made[row];
    if (made !== undefined || row >= this.length) return made;
    const [start, end] = [this.#starts[row]!, this.#starts[row + 1]! - LENGTH_BYTES];
    return (this.#made[row] = this.#ascii?.slice(start, end) ?? decoder.decode(this.#bytes.subarray(start, end)));
  }
}

/** The size in bytes of the length before each text. */
const LENGTH_BYTES = 4;

function startsOf(bytes: Uint8Array, count: number): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts = new Uint32Array(count + 1);
  let at = LENGTH_BYTES;
  for (let i = 0; i < count; i++) {
    starts[i] = at;
    at += view.getUint32(at - LENGTH_BYTES, true) + LENGTH_BYTES;
    if (at > bytes.length + LENGTH_BYTES) throw new RangeError("the page is malformed");
  }
  starts[count] = at;
  if (at !== bytes.length + LENGTH_BYTES) throw new RangeError("the page is malformed");
  return starts;
}
