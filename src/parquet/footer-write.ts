import type { ByteSink } from "./byte-sink.ts";
import { FOOTER_CHECKSUM_KEY, footerChecksum } from "./footer-checksum.ts";
import { CODEC, CONVERTED, MAGIC, REPETITION, TYPE } from "./thrift-enums.ts";
import { type Struct, writeStruct } from "./thrift-write.ts";

/** A column of the schema. Numbers are those of `format-numbers.ts`. */
export interface ColumnElement {
  readonly name: string;
  readonly type: number;
  /** It may hold nulls. */
  readonly optional?: boolean;
  readonly converted?: number;
  /** Thrift's LogicalType. */
  readonly logical?: Struct;
}

/** A column of texts, and one of times in ms since the epoch, in UTC: said in the old way and the new. */
export const TEXT: Omit<ColumnElement, "name"> = {
  type: TYPE.byteArray,
  converted: CONVERTED.utf8,
  logical: { 1: {} },
};
export const TIMESTAMP: Omit<ColumnElement, "name"> = {
  type: TYPE.int64,
  converted: CONVERTED.timestampMillis,
  logical: { 8: { 1: true, 2: { 1: {} } } },
};

/** Of the values of a column chunk, in PLAIN; none where there is no value to bound. */
export interface Statistics {
  readonly nulls: number;
  readonly min?: Uint8Array;
  readonly max?: Uint8Array;
  /** Is the bound itself among the values? Left out, readers think what they like. */
  readonly minExact?: boolean;
  readonly maxExact?: boolean;
}

/** A column chunk that has been written. Places and sizes are in bytes. */
export interface WrittenChunk {
  readonly element: ColumnElement;
  readonly encodings: readonly number[];
  readonly gzip: boolean;
  readonly values: number;
  /** With the headers of the pages. */
  readonly unpackedSize: number;
  readonly size: number;
  readonly start: number;
  /** The first data page; after `start` if there is a dictionary. */
  readonly dataStart: number;
  readonly statistics: Statistics;
  /** Where its offset index is, if it has one. */
  readonly index?: { readonly start: number; readonly size: number };
}

export interface WrittenGroup {
  readonly chunks: readonly WrittenChunk[];
  readonly rows: number;
  readonly start: number;
  readonly end: number;
  /** The column by which its rows ascend. */
  readonly sortedBy?: number;
}

/** Writes the footer, without its length and magic: FileMetaData, field by field. */
function writeFooter(out: ByteSink, columns: readonly ColumnElement[], groups: readonly WrittenGroup[]): void {
  const start = out.index;
  writeStruct(out, {
    1: 2, // version
    2: [{ 4: "schema", 5: columns.length }, ...columns.map(schemaElement)],
    3: int64(groups.reduce((total, { rows }) => total + rows, 0)), // num_rows
    4: groups.map(rowGroup),
    5: [{ 1: FOOTER_CHECKSUM_KEY, 2: () => footerChecksum(out.written.subarray(start)) }], // key_value_metadata
    6: "runledger", // created_by
    7: columns.map(() => ({ 1: {} })), // column_orders: that of the type
  });
}

function schemaElement({ name, type, optional, converted, logical }: ColumnElement): Struct {
  return { 1: type, 3: optional ? REPETITION.optional : REPETITION.required, 4: name, 6: converted, 10: logical };
}

function rowGroup({ chunks, rows, start, end, sortedBy }: WrittenGroup): Struct {
  return {
    // file_offset, which is deprecated, meta_data, offset_index_offset and offset_index_length
    1: chunks.map((chunk) => ({
      2: 0n,
      3: columnMetaData(chunk),
      4: chunk.index && int64(chunk.index.start),
      5: chunk.index?.size,
    })),
    2: int64(chunks.reduce((total, { unpackedSize }) => total + unpackedSize, 0)), // total_byte_size
    3: int64(rows), // num_rows
    4: sortedBy === undefined ? undefined : [{ 1: sortedBy, 2: false, 3: false }], // descending, nulls_first
    5: int64(start), // file_offset
    6: int64(end - start), // total_compressed_size
  };
}

function columnMetaData(chunk: WrittenChunk): Struct {
  const { element, start, dataStart, statistics } = chunk;
  return {
    1: element.type,
    2: chunk.encodings,
    3: [element.name], // path_in_schema
    4: chunk.gzip ? CODEC.gzip : CODEC.none,
    5: int64(chunk.values),
    6: int64(chunk.unpackedSize),
    7: int64(chunk.size),
    9: int64(dataStart),
    11: dataStart === start ? undefined : int64(start), // dictionary_page_offset
    12: {
      3: int64(statistics.nulls),
      5: statistics.max,
      6: statistics.min,
      7: statistics.maxExact,
      8: statistics.minExact,
    },
  };
}

function int64(value: number): bigint {
  return BigInt(value);
}

/** Writes the magic if the file has not begun. */
export function beginFile(out: ByteSink): void {
  if (out.offset === 0) out.uint32(MAGIC);
}

/** Writes the footer, its length, and the magic. */
export function endFile(out: ByteSink, columns: readonly ColumnElement[], groups: readonly WrittenGroup[]): void {
  beginFile(out);
  const start = out.index;
  writeFooter(out, columns, groups);
  out.uint32(out.index - start);
  out.uint32(MAGIC);
}
