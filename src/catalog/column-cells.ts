import { decodePlainDoubles, decodePlainIntegers } from "../parquet/fixed-decode.ts";
import { CODEC, ENCODING } from "../parquet/format-numbers.ts";
import { decodeHybrid } from "../parquet/hybrid.ts";
import { type Page, readPages } from "../parquet/page-decode.ts";
import type { ColumnEntry, ColumnType } from "./directory.ts";

/** The values of a column by row, `null` where there is none. */
export type Cells = ArrayLike<number | boolean | string | null>;

/** Most bytes that a column may take, inflated. */
const MAX_INFLATED: number = 512 * 1024 * 1024;

const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/** Decodes a column of `rows` rows, or a page of one. Throws a RangeError, or what inflating throws, for anything else. */
export function decodeCells(
  bytes: Uint8Array,
  { type, codec, nulls }: Pick<ColumnEntry, "type" | "codec" | "nulls">,
  rows: number,
): Cells {
  const layout = { start: 0, dataStart: 0, end: bytes.length, gzip: codec === CODEC.gzip, optional: nulls > 0 };
  const [page, more] = readPages(bytes, layout, rows, (_, size) => size <= MAX_INFLATED, true).data;
  if (page === undefined || more !== undefined || page.encoding !== ENCODING.plain)
    throw new RangeError("the page is malformed");
  return page.levels ? spread(page, page.levels, type) : DECODERS[type](page.bytes, rows);
}

function spread({ bytes, values }: Page, levels: Uint8Array, type: ColumnType): Cells {
  const cells = new Array<number | boolean | string | null>(values).fill(null);
  const places: number[] = [];
  let row = 0;
  decodeHybrid(levels, 1, values, (level, rows) => {
    if (level > 1) throw new RangeError("the page is malformed");
    for (let i = 0; i < rows; i++, row++) if (level === 1) places.push(row);
  });
  const found = DECODERS[type](bytes, places.length);
  for (let i = 0; i < places.length; i++) cells[places[i]!] = found[i]!;
  return cells;
}

/** Each takes bytes that hold `count` values and nothing else. */
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
  string: texts,
};

function texts(bytes: Uint8Array, count: number): string[] {
  // Of the same length only if every character is a byte, those that the lengths of the texts would make too.
  const all = decoder.decode(bytes);
  const isAscii = all.length === bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Array<string>(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const start = at + 4;
    at = start + view.getUint32(at, true);
    if (at > bytes.length) throw new RangeError("the page is malformed");
    found[i] = isAscii ? all.slice(start, at) : decoder.decode(bytes.subarray(start, at));
  }
  if (at !== bytes.length) throw new RangeError("the page is malformed");
  return found;
}
