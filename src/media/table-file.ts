import { encodeTableInPieces } from "../parquet/table-write.ts";
import { inSlices } from "../platform/event-loop.ts";
import { tableColumns } from "./table.ts";

/**
 * Checks and copies a table of a data set. Returns what encodes it as a Parquet file: numbers as DOUBLE, bigints as
 * INT64, dates as TIMESTAMP. Throws `INVALID_ARGUMENT` if a column holds values of several types, lists, objects, bytes
 * or texts that are not well formed, and `TOO_LARGE`.
 */
export function tableFile(source: object): () => Promise<Uint8Array> {
  const { columns, dates } = tableColumns(source, { root: "source", isExact: true });
  const own = columns.map((column, i) => {
    return dates.includes(i) && column.type === "int64" ? { ...column, type: "timestamp" as const } : column;
  });
  return () => inSlices(encodeTableInPieces(own));
}
