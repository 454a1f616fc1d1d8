import { crc32, gzipSync } from "node:zlib";
import type { ColumnChunk, CompressionCodec, Encoding, FileMetaData } from "hyparquet";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { deltaBinaryPack } from "hyparquet-writer/src/delta.js";
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { writePlain } from "hyparquet-writer/src/plain.js";
import { writeByteStreamSplit } from "hyparquet-writer/src/splitstream.js";
import { FOOTER_CHECKSUM_KEY } from "../../src/parquet/footer-checksum.ts";
import { type Series, metricsSchema } from "./fixtures.ts";

export interface V1Options {
  /** Default `GZIP`. */
  readonly codec?: "GZIP" | "UNCOMPRESSED";
  /** A CRC in each page header. Default `false`. */
  readonly crc?: boolean;
  /** A checksum of the footer. Default `false`. */
  readonly checksum?: boolean;
  readonly nullable?: boolean;
  /** Changes the metadata before it is written. */
  readonly change?: (metadata: FileMetaData) => unknown;
}

/** A metrics file with data pages v1, as the library writes it: one row group for each list of series. */
export function v1File(groups: readonly (readonly Series[])[], options: V1Options = {}): Uint8Array {
  const writer = new ByteWriter();
  writer.appendUint32(0x31524150);
  const metadata: FileMetaData = {
    version: 2,
    schema: metricsSchema(false, options.nullable ?? false),
    num_rows: 0n,
    row_groups: [],
    created_by: "test",
    metadata_length: 0,
  };
  for (const group of groups) {
    const rows = group.reduce((sum, { steps }) => sum + steps.length, 0);
    const columns = [
      keyChunk(writer, group, rows, options),
      integerChunk(
        writer,
        "step",
        group.flatMap(({ steps }) => steps),
        options,
      ),
      integerChunk(
        writer,
        "time",
        group.flatMap(({ times }) => times),
        options,
      ),
      valueChunk(
        writer,
        group.flatMap(({ values }) => values),
        options,
      ),
    ];
    metadata.row_groups.push({ columns, total_byte_size: 0n, num_rows: BigInt(rows) });
    metadata.num_rows += BigInt(rows);
  }
  if (options.checksum) metadata.key_value_metadata = [{ key: FOOTER_CHECKSUM_KEY, value: "00000000" }];
  options.change?.(metadata);
  const footerStart = writer.offset;
  writeMetadata(writer, metadata, Infinity);
  writer.appendUint32(0x31524150);
  const file = writer.getBytes().slice();
  return options.checksum ? sealed(file, footerStart) : file;
}

/** Puts the checksum where eight zeros stand for it. */
function sealed(file: Uint8Array, footerStart: number): Uint8Array {
  // In Latin-1 positions in the text are those in the bytes.
  const text = new TextDecoder("latin1").decode(file);
  const at = text.indexOf("00000000", text.lastIndexOf(FOOTER_CHECKSUM_KEY));
  const crc = crc32(file.subarray(footerStart, at)).toString(16).padStart(8, "0");
  file.set(new TextEncoder().encode(crc), at);
  return file;
}

interface PageContent {
  readonly values: number;
  readonly encoding: Encoding;
  readonly isDictionary?: boolean;
  write(writer: ByteWriter): void;
}

function keyChunk(writer: ByteWriter, group: readonly Series[], rows: number, options: V1Options): ColumnChunk {
  const dictionary = group.map(({ key }) => key);
  const indices = group.flatMap(({ steps }, index) => steps.map(() => index));
  const width = Math.ceil(Math.log2(group.length));
  const encoded = dictionary.map((key) => new TextEncoder().encode(key));
  const pages: PageContent[] = [
    {
      values: group.length,
      encoding: "PLAIN",
      isDictionary: true,
      write: (page) => writePlain(page, encoded, "BYTE_ARRAY", undefined),
    },
    {
      values: rows,
      encoding: "RLE_DICTIONARY",
      write: (page) => {
        page.appendUint8(width);
        writeRleBitPackedHybrid(page, indices, width);
      },
    },
  ];
  const bounds = { min_value: dictionary[0] as string, max_value: dictionary.at(-1) as string };
  return chunk(writer, "key", "BYTE_ARRAY", rows, pages, bounds, options);
}

function integerChunk(writer: ByteWriter, name: string, values: number[], options: V1Options): ColumnChunk {
  const page: PageContent = {
    values: values.length,
    encoding: "DELTA_BINARY_PACKED",
    write: (page) => deltaBinaryPack(page, values, "INT64"),
  };
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  const bounds = { min_value: BigInt(least), max_value: BigInt(most) };
  return chunk(writer, name, "INT64", values.length, [page], bounds, options);
}

function valueChunk(writer: ByteWriter, values: number[], options: V1Options): ColumnChunk {
  const page: PageContent = {
    values: values.length,
    encoding: "BYTE_STREAM_SPLIT",
    write: (page) => writeByteStreamSplit(page, values, "DOUBLE", undefined),
  };
  return chunk(writer, "value", "DOUBLE", values.length, [page], {}, options);
}

function chunk(
  writer: ByteWriter,
  name: string,
  type: "BYTE_ARRAY" | "INT64" | "DOUBLE",
  rows: number,
  pages: readonly PageContent[],
  bounds: { min_value?: string | bigint; max_value?: string | bigint },
  { codec = "GZIP", crc = false, nullable = false }: V1Options,
): ColumnChunk {
  const start = writer.offset;
  let dictionary: bigint | undefined;
  let data = 0n;
  for (const { values, encoding, isDictionary, write } of pages) {
    const page = new ByteWriter();
    if (nullable && !isDictionary) {
      // Definition levels: one run of ones.
      const levels = new ByteWriter();
      writeRleBitPackedHybrid(
        levels,
        Array.from({ length: values }, () => 1),
        1,
      );
      page.appendUint32(levels.offset);
      page.appendBytes(levels.getBytes());
    }
    write(page);
    const stored = codec === "GZIP" ? new Uint8Array(gzipSync(page.getBytes())) : page.getBytes();
    if (isDictionary) dictionary = BigInt(writer.offset);
    else data ||= BigInt(writer.offset);
    const header = isDictionary
      ? { dictionary_page_header: { num_values: values, encoding } }
      : {
          data_page_header: {
            num_values: values,
            encoding,
            definition_level_encoding: "RLE" as const,
            repetition_level_encoding: "RLE" as const,
          },
        };
    writePageHeader(writer, {
      type: isDictionary ? "DICTIONARY_PAGE" : "DATA_PAGE",
      uncompressed_page_size: page.offset,
      compressed_page_size: stored.length,
      ...(crc ? { crc: crc32(stored) | 0 } : {}),
      ...header,
    });
    writer.appendBytes(stored);
  }
  const size = BigInt(writer.offset - start);
  return {
    file_offset: 0n,
    meta_data: {
      type,
      encodings: pages.map(({ encoding }) => encoding),
      path_in_schema: [name],
      codec: codec as CompressionCodec,
      num_values: BigInt(rows),
      total_uncompressed_size: size,
      total_compressed_size: size,
      data_page_offset: data,
      ...(dictionary === undefined ? {} : { dictionary_page_offset: dictionary }),
      statistics: { ...bounds, null_count: 0n },
    },
  };
}
