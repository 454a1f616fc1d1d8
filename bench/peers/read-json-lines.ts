import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const FILE = "JSON.stringify.jsonl";

/** Values of one key, in the order of the lines that `writeJsonLines` made with JSON.stringify: every line is parsed. */
export function readJsonLines(directory: string, key: string): Float64Array {
  const lines = readFileSync(join(directory, FILE), "utf8").split("\n");
  lines.pop();
  const steps = new Float64Array(lines.length);
  const times = new Float64Array(lines.length);
  const values = new Float64Array(lines.length);
  lines.forEach((line, i) => {
    const row = JSON.parse(line) as { step: number; time: number; metrics: Record<string, number> };
    steps[i] = row.step;
    times[i] = row.time;
    values[i] = row.metrics[key] as number;
  });
  return values;
}

/** Bytes of the lines after gzip, and what compressing them takes on top of writing them. */
export function gzipJsonLines(directory: string, level: number): { nanoseconds: number; bytes: number } {
  const path = join(directory, FILE);
  const text = readFileSync(path);
  const start = process.hrtime.bigint();
  const { length } = gzipSync(text, { level });
  return { nanoseconds: Number(process.hrtime.bigint() - start), bytes: length };
}
