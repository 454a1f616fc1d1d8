import { gzipSync } from "node:zlib";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import type { TableColumn } from "../../src/parquet/table-write.ts";

export type EncodeTable = (columns: readonly TableColumn[]) => Uint8Array;

const TYPES = { double: "DOUBLE", int64: "INT64", timestamp: "INT64", boolean: "BOOLEAN", string: "STRING" } as const;

/** Writes a table with hyparquet-writer: PLAIN values, GZIP, row groups and pages of a few rows. */
export function encodeWith(
  rowGroupSize: number,
  pageSize: number,
  gzip: (bytes: Uint8Array) => Uint8Array = gzipSync,
): EncodeTable {
  return (columns) => {
    const writer = new ByteWriter();
    void parquetWrite({
      writer,
      codec: "GZIP",
      compressors: { GZIP: (bytes: Uint8Array) => new Uint8Array(gzip(bytes)) },
      rowGroupSize,
      pageSize,
      statistics: true,
      columnData: columns.map((column) => ({
        name: column.name,
        type: TYPES[column.type],
        data: cellsOf(column),
        nullable: column.nulls !== undefined,
        encoding: "PLAIN" as const,
      })),
    });
    return new Uint8Array(writer.getBuffer());
  };
}

function cellsOf({ type, values, nulls }: TableColumn): unknown[] {
  return Array.from(values as ArrayLike<unknown>, (value, i) =>
    nulls?.[i] ? null : type === "int64" && typeof value === "number" ? BigInt(value) : value,
  );
}
