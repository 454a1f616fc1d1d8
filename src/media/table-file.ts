import { encodeTableInPieces } from "../parquet/table-write.ts";
import { inSlices } from "../platform/event-loop.ts";
import { tableColumns } from "./table.ts";

/**
 * Returns a table as a Parquet file: numbers as DOUBLE, bigints as INT64, dates as TIMESTAMP. Rejects with
 * `INVALID_ARGUMENT` if a column holds values of several types, lists, objects or bytes, and with `TOO_LARGE`.
 */
export async function tableFile(source: object): Promise<Uint8Array> {
  const { columns, dates } = tableColumns(source);
  const own = columns.map((column, i) => {
    return dates.includes(i) && column.type === "int64" ? { ...column, type: "timestamp" as const } : column;
  });
  return await inSlices(encodeTableInPieces(own));
}
