import type { ChunkLayout } from "./chunk-layout.ts";
import { decodePlainDoubles } from "./fixed-decode.ts";
import { ENCODING, MAGIC, TYPE } from "./format-numbers.ts";
import { decodeHybrid } from "./hybrid.ts";
import { decodeKey } from "./key-order.ts";
import { type Page, readPages } from "./page-decode.ts";
import { plainTexts } from "./plain-texts.ts";
import { readTableFooter } from "./table-footer.ts";

export type TableCell = number | bigint | boolean | string | null;

export interface ReadColumn {
  readonly name: string;
  readonly cells: TableCell[];
}

export interface ExpectedSize {
  readonly rows: number;
  readonly columns: number;
  /** Most bytes that the pages may take, inflated, all together. */
  readonly bytes: number;
}

/**
 * The columns of a Parquet file as `encodeTable` writes it: flat, DOUBLE, INT64, BOOLEAN and text, PLAIN, with GZIP or
 * without. Whatever the bytes are, time and memory are bounded by their number and by `expected`. Throws a RangeError, or
 * what inflating throws, for anything else.
 */
export function decodeTable(bytes: Uint8Array, expected: ExpectedSize): ReadColumn[] {
  const footer = footerOf(bytes);
  const { columns, groups } = readTableFooter(footer, footer.byteOffset - bytes.byteOffset);
  if (columns.length !== expected.columns) {
    throw new RangeError(`it has ${columns.length} columns instead of ${expected.columns}`);
  }
  let left = expected.rows;
  for (const { rows } of groups) {
    left -= rows;
    if (left < 0) break;
  }
  if (left !== 0) throw new RangeError(`it has not ${expected.rows} rows`);

  let room = expected.bytes;
  const admit = (_: number, size: number): boolean => (room -= size) >= 0;
  return columns.map((column, i) => {
    const cells: TableCell[] = [];
    for (const { rows, chunks } of groups) {
      const { start, end } = chunks[i]!;
      decodeChunk(bytes.subarray(start, end), column.type, chunks[i]!, rows, admit, cells);
    }
    return { name: column.name, cells };
  });
}

/** Adds the cells of a column chunk, or of whole pages of one that hold `rows` rows. Throws as {@link decodeTable}. */
export function decodeChunk(
  bytes: Uint8Array,
  type: number,
  layout: ChunkLayout,
  rows: number,
  admit: (values: number, size: number) => boolean,
  cells: TableCell[],
): void {
  const decode = DECODERS[type];
  if (decode === undefined) throw new RangeError(`type ${type} is not supported`);
  if (layout.start !== layout.dataStart) throw new RangeError("it has a dictionary, which is not supported");
  for (const page of readPages(bytes, layout, rows, admit, true).data) addCells(cells, page, decode);
}

function footerOf(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 8;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (end < 4 || view.getUint32(0, true) !== MAGIC || view.getUint32(end + 4, true) !== MAGIC) {
    throw new RangeError("it is no Parquet file");
  }
  const length = view.getUint32(end, true);
  if (length > end - 4) throw new RangeError("its footer has an impossible length");
  return bytes.subarray(end - length, end);
}

type Decoder = (bytes: Uint8Array, count: number) => ArrayLike<TableCell>;

/** By the type of the column. Each takes bytes that hold `count` values and nothing else. */
const DECODERS: Readonly<Record<number, Decoder>> = {
  [TYPE.double]: doubles,
  [TYPE.int64]: (bytes, count) => new BigInt64Array(doubles(bytes, count).buffer),
  [TYPE.boolean]: (bytes, count) => {
    if (bytes.length !== Math.ceil(count / 8)) throw new RangeError("the page is malformed");
    return Array.from({ length: count }, (_, i) => ((bytes[i >> 3]! >> (i & 7)) & 1) === 1);
  },
  [TYPE.byteArray]: (bytes, count) => Array.from(plainTexts(bytes, count), decodeKey),
};

function doubles(bytes: Uint8Array, count: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(count);
  decodePlainDoubles(bytes, out, 0, count);
  return out;
}

function addCells(cells: TableCell[], { encoding, values, levels, bytes }: Page, decode: Decoder): void {
  if (encoding !== ENCODING.plain) throw new RangeError(`encoding ${encoding} is not supported`);
  if (levels === undefined) {
    const found = decode(bytes, values);
    for (let i = 0; i < values; i++) cells.push(found[i]!);
    return;
  }
  // First what is there: 1, or null: 0. Then the values take their places.
  const first = cells.length;
  let count = 0;
  decodeHybrid(levels, 1, values, (level, rows) => {
    if (level > 1) throw new RangeError("the page is malformed");
    count += level * rows;
    for (let i = 0; i < rows; i++) cells.push(level === 1 ? 0 : null);
  });
  const found = decode(bytes, count);
  for (let i = first, at = 0; i < cells.length; i++) if (cells[i] !== null) cells[i] = found[at++]!;
}
