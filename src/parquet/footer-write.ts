import type { ByteSink } from "./byte-sink.ts";
import { FOOTER_CHECKSUM_KEY, footerChecksum } from "./footer-checksum.ts";
import { CODEC, CONVERTED, MAGIC, REPETITION, TYPE } from "./thrift-enums.ts";
import { type Struct, writeStruct } from "./thrift-write.ts";

/** A column of the schema. Its numbers are those of `thrift-enums.ts`. */
export interface ColumnElement {
  readonly name: string;
  readonly type: number;
  /** The column may hold nulls. */
  readonly optional?: boolean;
  readonly converted?: number;
  /** The LogicalType of parquet.thrift. */
  readonly logical?: Struct;
}

/**
 * The types of a text, and of a time in ms since the epoch (UTC): both as ConvertedType, for old readers, and as
 * LogicalType.
 */
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

/** Statistics of a column chunk. Bounds are encoded as PLAIN and left out if there is no value to bound. */
export interface Statistics {
  readonly nulls: number;
  readonly min?: Uint8Array;
  readonly max?: Uint8Array;
  /** Whether the bound is itself one of the values. Readers differ in what they assume if this is left out. */
  readonly minExact?: boolean;
  readonly maxExact?: boolean;
}

/** A column chunk that has been written. Positions and sizes are in bytes. */
export interface WrittenChunk {
  readonly element: ColumnElement;
  readonly encodings: readonly number[];
  readonly gzip: boolean;
  readonly values: number;
  /** Size before compression, with the headers of the pages. */
  readonly unpackedSize: number;
  readonly size: number;
  readonly start: number;
  /** The position of the first data page. It is after `start` if there is a dictionary. */
  readonly dataStart: number;
  readonly statistics: Statistics;
  /** The position of the chunk's offset index, if it has one. */
  readonly index?: { readonly start: number; readonly size: number };
}

export interface WrittenGroup {
  readonly chunks: readonly WrittenChunk[];
  readonly rows: number;
  readonly start: number;
  readonly end: number;
  /** The index of the column that the rows are sorted by, ascending. */
  readonly sortedBy?: number;
}

/** Writes FileMetaData field by field: the footer without its length and magic. */
function writeFooter(out: ByteSink, columns: readonly ColumnElement[], groups: readonly WrittenGroup[]): void {
  const start = out.index;
  writeStruct(out, {
    1: 2, // version
    2: [{ 4: "schema", 5: columns.length }, ...columns.map(schemaElement)],
    3: int64(groups.reduce((total, { rows }) => total + rows, 0)), // num_rows
    4: groups.map(rowGroup),
    5: [{ 1: FOOTER_CHECKSUM_KEY, 2: () => footerChecksum(out.written.subarray(start)) }], // key_value_metadata
    6: "runledger", // created_by
    7: columns.map(() => ({ 1: {} })), // column_orders: the order of the type
  });
}

function schemaElement({ name, type, optional, converted, logical }: ColumnElement): Struct {
  return { 1: type, 3: optional ? REPETITION.optional : REPETITION.required, 4: name, 6: converted, 10: logical };
}

function rowGroup({ chunks, rows, start, end, sortedBy }: WrittenGroup): Struct {
  return {
    // file_offset (deprecated), meta_data, offset_index_offset, offset_index_length
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

/** Writes the magic if nothing of the file has been written. */
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
