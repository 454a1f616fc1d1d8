import { inOneGo } from "../platform/event-loop.ts";
import { type ChunkLayout, chunksOf, readChunkLayout, readFlatSchema } from "./footer-read.ts";
import { decodePlainDoubles, decodeText, plainTexts } from "./plain.ts";
import { checkFooter } from "./footer-checksum.ts";
import { ENCODING, MAGIC, TYPE } from "./thrift-enums.ts";
import { decodeHybrid } from "./rle-hybrid.ts";
import { type Page, readPages } from "./page-read.ts";
import { type Fields, malformed, ThriftReader } from "./thrift-read.ts";

export type TableCell = number | bigint | boolean | string | null;

export interface ReadColumn {
  readonly name: string;
  readonly cells: TableCell[];
}

export interface ExpectedSize {
  readonly rows: number;
  readonly columns: number;
  /** The most bytes that all pages together may inflate to. */
  readonly bytes: number;
}

/** The most values in a footer. A table of 4096 columns and 10 million cells needs less than half as many. */
const MAX_VALUES = 300_000;
const CELLS_AT_ONCE = 65_536;

/**
 * Returns the columns of a Parquet file as `encodeTable` writes it: flat columns of DOUBLE, INT64, BOOLEAN and text,
 * PLAIN, with GZIP or without. Throws a RangeError, or an error of inflating, for anything else. Time and memory are
 * bounded by the number of bytes and `expected`, even for hostile bytes.
 */
export function decodeTable(bytes: Uint8Array, expected: ExpectedSize): ReadColumn[] {
  return inOneGo(decodeTableInPieces(bytes, expected));
}

/** Does the same, and yields between parts that take milliseconds. */
export function* decodeTableInPieces(
  bytes: Uint8Array,
  expected: ExpectedSize,
): Generator<void, ReadColumn[], undefined> {
  const footer = footerOf(bytes);
  const limit = footer.byteOffset - bytes.byteOffset;
  const fields = fieldsOf(footer);
  const schema = [...readFlatSchema(fields.structs(2)).values()];
  if (schema.length !== expected.columns) {
    throw new RangeError(`it has ${schema.length} columns instead of ${expected.columns}`);
  }
  let left = expected.rows;
  const groups = fields.structs(4).map((group) => {
    const rows = group.integer(3);
    left -= rows;
    if (rows < 1 || left < 0) throw new RangeError(`it does not have ${expected.rows} rows`);
    return { rows, chunks: chunksOf(group, schema.length) };
  });
  if (left !== 0) throw new RangeError(`it does not have ${expected.rows} rows`);

  let room = expected.bytes;
  const admit = (_: number, size: number): boolean => (room -= size) >= 0;
  const columns: ReadColumn[] = [];
  for (const [i, column] of schema.entries()) {
    const decode = DECODERS[column.type];
    if (decode === undefined) throw new RangeError(`type ${column.type} is not supported`);
    const cells: TableCell[] = [];
    for (const { rows, chunks } of groups) {
      const layout = readChunkLayout(chunks[i]!, column, rows, limit);
      for (const page of pagesOf(bytes, layout, rows, admit)) {
        yield;
        yield* addCells(cells, page, decode);
      }
    }
    columns.push({ name: column.name, cells });
  }
  return columns;
}

/** Returns the size that a file states, and the columns, counted from 0, that hold times. Throws as {@link decodeTable}. */
export function tableShape(bytes: Uint8Array): { rows: number; columns: number; times: number[] } {
  const fields = fieldsOf(footerOf(bytes));
  const schema = [...readFlatSchema(fields.structs(2)).values()];
  return {
    rows: fields.structs(4).reduce((sum, group) => sum + group.integer(3), 0),
    columns: schema.length,
    times: schema.flatMap(({ index, isTime }) => (isTime ? [index] : [])),
  };
}

function fieldsOf(footer: Uint8Array): Fields {
  const reader = new ThriftReader(footer, 0, MAX_VALUES);
  const fields = reader.struct();
  if (reader.at !== footer.length) throw malformed();
  if (fields.has(5)) checkFooter(footer, fields.structs(5));
  return fields;
}

function footerOf(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 8;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (end < 4 || view.getUint32(0, true) !== MAGIC || view.getUint32(end + 4, true) !== MAGIC) {
    throw new RangeError("it is not a Parquet file");
  }
  const length = view.getUint32(end, true);
  if (length > end - 4) throw new RangeError("its footer has an impossible length");
  return bytes.subarray(end - length, end);
}

function pagesOf(
  bytes: Uint8Array,
  layout: ChunkLayout,
  rows: number,
  admit: (values: number, size: number) => boolean,
): Iterable<Page> {
  const { start, dataStart, end } = layout;
  if (start !== dataStart) throw new RangeError("it has a dictionary, which is not supported");
  return readPages(bytes.subarray(start, end), layout, rows, admit, true).data;
}

type Decoder = (bytes: Uint8Array, count: number) => ArrayLike<TableCell>;

/** Decoders by the type of the column. Each throws unless the bytes hold exactly `count` values. */
const DECODERS: Readonly<Record<number, Decoder>> = {
  [TYPE.double]: doubles,
  [TYPE.int64]: (bytes, count) => new BigInt64Array(doubles(bytes, count).buffer),
  [TYPE.boolean]: (bytes, count) => {
    if (bytes.length !== Math.ceil(count / 8)) throw new RangeError("the page is malformed");
    return Array.from({ length: count }, (_, i) => ((bytes[i >> 3]! >> (i & 7)) & 1) === 1);
  },
  [TYPE.byteArray]: (bytes, count) => Array.from(plainTexts(bytes, count), decodeText),
};

function doubles(bytes: Uint8Array, count: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(count);
  decodePlainDoubles(bytes, out, 0, count);
  return out;
}

function* addCells(
  cells: TableCell[],
  { encoding, values, levels, bytes }: Page,
  decode: Decoder,
): Generator<void, void, undefined> {
  if (encoding !== ENCODING.plain) throw new RangeError(`encoding ${encoding} is not supported`);
  if (levels === undefined) {
    const found = decode(bytes, values);
    for (let from = 0; from < values; from += CELLS_AT_ONCE) {
      yield;
      const to = Math.min(values, from + CELLS_AT_ONCE);
      for (let i = from; i < to; i++) cells.push(found[i]!);
    }
    return;
  }
  // First push 0 for each value and null for each null. Then replace the zeros by the values.
  const first = cells.length;
  let count = 0;
  decodeHybrid(levels, 1, values, (level, rows) => {
    if (level > 1) throw new RangeError("the page is malformed");
    count += level * rows;
    for (let i = 0; i < rows; i++) cells.push(level === 1 ? 0 : null);
  });
  yield;
  const found = decode(bytes, count);
  let at = 0;
  for (let from = first; from < cells.length; from += CELLS_AT_ONCE) {
    yield;
    const to = Math.min(cells.length, from + CELLS_AT_ONCE);
    for (let i = from; i < to; i++) if (cells[i] !== null) cells[i] = found[at++]!;
  }
}
