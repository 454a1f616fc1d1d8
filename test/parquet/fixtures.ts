import { gzipSync } from "node:zlib";
import type { SchemaElement } from "hyparquet";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { MetricsReader, type ReadPoints } from "../../src/parquet/metrics-reader.ts";

export interface Series {
  readonly key: string;
  readonly steps: readonly number[];
  readonly times: readonly number[];
  readonly values: readonly number[];
}

export interface FileOptions {
  /** Default `GZIP`. */
  readonly codec?: "GZIP" | "UNCOMPRESSED";
  readonly keys?: "RLE_DICTIONARY" | "PLAIN";
  readonly integers?: "DELTA_BINARY_PACKED" | "PLAIN";
  readonly values?: "BYTE_STREAM_SPLIT" | "PLAIN";
  readonly nullable?: boolean;
  readonly runId?: string;
  readonly pageSize?: number;
  readonly statistics?: readonly ("step" | "time")[];
  readonly kvMetadata?: { key: string; value: string }[];
}

/** A metrics file by hyparquet-writer, with data pages v2: one row group for each list of series. */
export function metricsFile(groups: readonly (readonly Series[])[], options: FileOptions = {}): Uint8Array {
  const { codec = "GZIP", nullable = false, statistics = ["step", "time"] } = options;
  const all = groups.flat();
  const keys = all.flatMap(({ key, steps }) => steps.map(() => key));
  // PLAIN wants BigInt, DELTA_BINARY_PACKED takes either.
  const integers = (list: number[]): unknown[] => (options.integers === "PLAIN" ? list.map(BigInt) : list);
  const encoding = options.integers ?? "DELTA_BINARY_PACKED";
  const strings = { encoding: options.keys ?? "RLE_DICTIONARY" } as const;
  const columns = [
    { name: "key", data: keys, ...strings },
    {
      name: "step",
      data: integers(all.flatMap(({ steps }) => steps)),
      encoding,
      statistics: statistics.includes("step"),
    },
    {
      name: "time",
      data: integers(all.flatMap(({ times }) => times)),
      encoding,
      statistics: statistics.includes("time"),
    },
    { name: "value", data: all.flatMap(({ values }) => values), encoding: options.values ?? "BYTE_STREAM_SPLIT" },
  ];
  const { runId } = options;
  if (runId !== undefined) columns.unshift({ name: "run_id", data: keys.map(() => runId), ...strings });
  const written = parquetWriteBuffer({
    columnData: columns as ColumnSource[],
    schema: metricsSchema(runId !== undefined, nullable),
    rowGroupSize: groups.map((group) => group.reduce((sum, { steps }) => sum + steps.length, 0)),
    codec,
    compressors: { GZIP: (bytes) => new Uint8Array(gzipSync(bytes)) },
    statisticsTruncateLength: Infinity,
    ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
    ...(options.kvMetadata === undefined ? {} : { kvMetadata: options.kvMetadata }),
  });
  return new Uint8Array(written);
}

export function metricsSchema(withRun: boolean, nullable: boolean): SchemaElement[] {
  const repetition_type = nullable ? "OPTIONAL" : "REQUIRED";
  const string = {
    type: "BYTE_ARRAY",
    converted_type: "UTF8",
    logical_type: { type: "STRING" },
    repetition_type,
  } as const;
  const columns: SchemaElement[] = [
    { name: "key", ...string },
    { name: "step", type: "INT64", repetition_type },
    {
      name: "time",
      type: "INT64",
      converted_type: "TIMESTAMP_MILLIS",
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
      repetition_type,
    },
    { name: "value", type: "DOUBLE", repetition_type },
  ];
  if (withRun) columns.unshift({ name: "run_id", ...string });
  return [{ name: "root", num_children: columns.length }, ...columns];
}

/** `count` points of `key` whose steps go on by one. */
export function series(key: string, count: number, firstStep = 0): Series {
  const rows = Array.from({ length: count }, (_, i) => i);
  return {
    key,
    steps: rows.map((i) => firstStep + i),
    times: rows.map((i) => 1_767_225_600_000 + (firstStep + i) * 55 + ((i * 7) % 5)),
    values: rows.map((i) => Math.fround(Math.sin(i + key.length)) + (i % 3 === 0 ? 1e-9 : 0)),
  };
}

/** The points as `MetricsReader` gives them: same key, one after the other. */
export function expected(groups: readonly (readonly Series[])[]): Map<string, ReadPoints> {
  const found = new Map<string, { steps: number[]; times: number[]; values: number[] }>();
  for (const { key, steps, times, values } of groups.flat()) {
    const points = found.get(key) ?? { steps: [], times: [], values: [] };
    found.set(key, points);
    points.steps.push(...steps);
    points.times.push(...times);
    points.values.push(...values);
  }
  const arrays = [...found].map(
    ([key, { steps, times, values }]) =>
      [
        key,
        { steps: Float64Array.from(steps), times: Float64Array.from(times), values: Float64Array.from(values) },
      ] as const,
  );
  return new Map(arrays);
}

/** Every bit, in a form that a failed test shows. */
export function bitsOf(points: ReadonlyMap<string, ReadPoints>): Record<string, string>[] {
  const bits = (array: Float64Array): string => new BigUint64Array(array.slice().buffer).join();
  return [...points].map(([key, { steps, times, values }]) => ({
    key,
    steps: steps.join(),
    times: times.join(),
    values: bits(values),
  }));
}

/** Opens bytes as a file called `metrics.parquet`; `reads` gathers the ranges read. */
export async function openBytes(
  bytes: Uint8Array,
): Promise<{ reader: MetricsReader; reads: { offset: number; length: number }[] }> {
  const reads: { offset: number; length: number }[] = [];
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    reads.push({ offset, length });
    return bytes.subarray(offset, offset + length);
  };
  return { reader: await MetricsReader.open(read, bytes.length, "metrics.parquet"), reads };
}
