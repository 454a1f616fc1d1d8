import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { LoggedPoints } from "./logged.ts";

const encoder = new TextEncoder();

/** A row of a file. */
export interface FileRow {
  run: string;
  key: string;
  step: number;
  time: number;
  value: number;
}

/** How a file is written. Left as it is, it is as the format promises. */
export interface FileForm {
  schema: SchemaElement[];
  statisticsTruncateLength: number;
  statistics: boolean;
  /** Says of the least and the greatest key that they were not cut. */
  exactStatistics: boolean;
  /** A row group holds whole keys: one that has as many rows, or several that have fewer together. */
  rowsAGroup: number;
  toTime: (ms: number) => bigint;
  integerEncoding: "DELTA_BINARY_PACKED" | "PLAIN";
  valueEncoding: "BYTE_STREAM_SPLIT" | "PLAIN" | "RLE_DICTIONARY";
}

const required = { repetition_type: "REQUIRED" } as const;
const text = { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" }, ...required } as const;

export function promisedForm(): FileForm {
  return {
    schema: [
      { name: "root", num_children: 5 },
      { name: "run_id", ...text },
      { name: "key", ...text },
      { name: "step", type: "INT64", ...required },
      {
        name: "time",
        type: "INT64",
        converted_type: "TIMESTAMP_MILLIS",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
        ...required,
      },
      { name: "value", type: "DOUBLE", ...required },
    ],
    statisticsTruncateLength: Infinity,
    statistics: true,
    exactStatistics: true,
    rowsAGroup: 16_384,
    toTime: BigInt,
    integerEncoding: "DELTA_BINARY_PACKED",
    valueEncoding: "BYTE_STREAM_SPLIT",
  };
}

/**
 * Writes a ledger's Parquet by hyparquet-writer, a program that is not the one under test. `spoil` may change the rows and
 * the form of a file on the way.
 */
export function writeOracle(
  directory: string,
  logged: LoggedPoints,
  spoil: (rows: FileRow[], form: FileForm) => void = () => {},
): void {
  for (const [run, rows] of rowsOfRuns(logged)) {
    const form = promisedForm();
    spoil(rows, form);
    mkdirSync(join(directory, "runs", run), { recursive: true });
    writeFileSync(join(directory, "runs", run, "metrics.parquet"), encode(rows, form));
  }
}

function rowsOfRuns(logged: LoggedPoints): Map<string, FileRow[]> {
  const sorted = logged.series.toSorted((a, b) => Buffer.compare(encoder.encode(a.key), encoder.encode(b.key)));
  const runs = new Map<string, FileRow[]>();
  for (const { run, key, steps, times, values } of sorted) {
    const rows = runs.get(run) ?? [];
    runs.set(run, rows);
    steps.forEach((step, i) => rows.push({ run, key, step, time: times[i]!, value: values[i]! }));
  }
  return runs;
}

function encode(rows: readonly FileRow[], form: FileForm): Uint8Array {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema: form.schema,
    codec: "GZIP",
    compressors: { GZIP: (input) => gzipSync(input) },
    statistics: form.statistics,
    statisticsTruncateLength: form.statisticsTruncateLength,
  });
  const names = form.schema.slice(1).map(({ name }) => name) as [string, string, string, string, string];
  void writer.write({
    rowGroupSize: groupsByKey(rows, form.rowsAGroup),
    columnData: [
      { name: names[0], data: rows.map(({ run }) => run), encoding: "RLE_DICTIONARY" },
      { name: names[1], data: rows.map(({ key }) => key), encoding: "RLE_DICTIONARY" },
      { name: names[2], data: BigInt64Array.from(rows, ({ step }) => BigInt(step)), encoding: form.integerEncoding },
      {
        name: names[3],
        data: BigInt64Array.from(rows, ({ time }) => form.toTime(time)),
        encoding: form.integerEncoding,
      },
      { name: names[4], data: Float64Array.from(rows, ({ value }) => value), encoding: form.valueEncoding },
    ],
  });
  if (form.exactStatistics) {
    // It says so itself only of what was cut.
    for (const { columns } of writer.row_groups) {
      for (const { meta_data } of columns)
        Object.assign(meta_data?.statistics ?? {}, { is_min_value_exact: true, is_max_value_exact: true });
    }
  }
  void writer.finish();
  return bytes.getBytes();
}

function groupsByKey(rows: readonly FileRow[], enough: number): number[] {
  const groups = [0];
  for (let begin = 0; begin < rows.length;) {
    let end = begin;
    while (end < rows.length && rows[end]!.key === rows[begin]!.key) end++;
    const rest = groups.at(-1)!;
    if (rest > 0 && rest + (end - begin) > enough) groups.push(end - begin);
    else groups[groups.length - 1] = rest + end - begin;
    begin = end;
  }
  return groups;
}
