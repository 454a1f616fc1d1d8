import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { Workload } from "../workloads.ts";

const FILE = "points.parquet";

/** Long layout, sorted by key and then by row, as arrays of one value a point. */
export interface LongPoints {
  readonly key: readonly string[];
  readonly step: BigInt64Array;
  readonly time: BigInt64Array;
  readonly value: Float64Array;
}

export function longPoints({ keys, steps, times, columns }: Workload): LongPoints {
  const rows = steps.length;
  const points = {
    key: new Array<string>(keys.length * rows),
    step: new BigInt64Array(keys.length * rows),
    time: new BigInt64Array(keys.length * rows),
    value: new Float64Array(keys.length * rows),
  };
  const sorted = keys.map((key, k) => [key, columns[k]!] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  sorted.forEach(([key, column], k) => {
    points.key.fill(key, k * rows, (k + 1) * rows);
    points.value.set(column, k * rows);
    for (let i = 0; i < rows; i++) {
      points.step[k * rows + i] = BigInt(steps[i]!);
      points.time[k * rows + i] = BigInt(times[i]!);
    }
  });
  return points;
}

/** Encodes with hyparquet-writer, nothing chosen but the types. Only encoding is timed; the arrays are made beforehand. */
export function writeHyparquetDefaults(points: LongPoints, directory: string): { nanoseconds: number; bytes: number } {
  const start = process.hrtime.bigint();
  const file = parquetWriteBuffer({
    columnData: [
      { name: "key", data: points.key as string[], type: "STRING" },
      { name: "step", data: points.step, type: "INT64" },
      { name: "time", data: points.time, type: "INT64" },
      { name: "value", data: points.value, type: "DOUBLE" },
    ],
  });
  const nanoseconds = Number(process.hrtime.bigint() - start);
  writeFileSync(join(directory, FILE), new Uint8Array(file), { flag: "wx" });
  return { nanoseconds, bytes: file.byteLength };
}

/** Values of one key by hyparquet: row groups whose statistics cannot hold it are passed over. */
export async function readHyparquetDefaults(directory: string, key: string): Promise<number[]> {
  const file = await asyncBufferFromFile(join(directory, FILE));
  const metadata = await parquetMetadataAsync(file);
  const values: number[] = [];
  let begin = 0;
  for (const { num_rows, columns } of metadata.row_groups) {
    const end = begin + Number(num_rows);
    const { min_value, max_value } = columns[0]?.meta_data?.statistics ?? {};
    // Statistics are cut at 16 bytes: what they say of a longer key is true only of that many.
    const cut = key.slice(0, 16);
    if (!(String(min_value).slice(0, 16) > cut || String(max_value).slice(0, 16) < cut)) {
      await parquetRead({
        file,
        metadata,
        columns: ["key", "step", "time", "value"],
        rowStart: begin,
        rowEnd: end,
        onComplete: (rows) => {
          for (const row of rows as unknown as [string, bigint, bigint, number][])
            if (row[0] === key) values.push(row[3]);
        },
      });
    }
    begin = end;
  }
  return values;
}
