import { statSync } from "node:fs";
import { join } from "node:path";
import type { LogCall } from "../workloads.ts";

interface ParquetJs {
  ParquetSchema: new (fields: Record<string, { type: string; compression: string }>) => object;
  ParquetWriter: {
    openFile(
      schema: object,
      path: string,
    ): Promise<{ appendRow(row: Record<string, unknown>): Promise<void>; close(): Promise<void> }>;
  };
}

/** @dsnp/parquetjs. It comes with the benchmarks' own dependencies, so no import that types are checked against. */
export async function loadParquetJs(): Promise<ParquetJs> {
  const name = "@dsnp/parquetjs";
  const module = (await import(name)) as { default: ParquetJs };
  return module.default;
}

/** Wide: a row each call, a column each key, gzip; what else there is to choose is left as it comes. */
export async function writeParquetJs(
  { ParquetSchema, ParquetWriter }: ParquetJs,
  calls: readonly LogCall[],
  directory: string,
): Promise<{ nanoseconds: number; bytes: number }> {
  const path = join(directory, "wide.parquet");
  const column = (type: string): { type: string; compression: string } => ({ type, compression: "GZIP" });
  const schema = new ParquetSchema({
    step: column("INT64"),
    time: column("TIMESTAMP_MILLIS"),
    ...Object.fromEntries(Object.keys(calls[0]?.metrics ?? {}).map((key) => [key, column("DOUBLE")])),
  });
  const start = process.hrtime.bigint();
  const writer = await ParquetWriter.openFile(schema, path);
  for (const { metrics, at } of calls) await writer.appendRow({ step: at.step, time: new Date(at.time), ...metrics });
  await writer.close();
  return { nanoseconds: Number(process.hrtime.bigint() - start), bytes: statSync(path).size };
}
