import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { storedBytes } from "../stored-bytes.ts";
import type { Workload } from "../workloads.ts";

/** Where Python's peers are: `BENCH_PYTHON`, else whatever `python3` is. */
const PYTHON: string = process.env["BENCH_PYTHON"] ?? "python3";

export type PythonOutcome =
  | { readonly installed: true; readonly nanoseconds: number; readonly bytes: number; readonly version: string }
  | { readonly installed: false };

/** Logs the first `rows` rows by a script of bench/python, which stores them below `stored`. */
export async function runPython(
  script: URL,
  workload: Workload,
  rows: number,
  directory: string,
): Promise<PythonOutcome> {
  const path = fileURLToPath(script);
  const data = join(directory, "workload.bin");
  await writeFile(data, workloadFile(workload, rows));
  const { code, out, trouble } = await run(["-B", path, data, directory]);
  if (code === 3 || code === "ENOENT") return { installed: false };
  if (code !== 0) throw new Error(`${path} ended with ${code}: ${trouble.slice(-2000)}`);
  const { nanoseconds, version } = JSON.parse(out) as { nanoseconds: number; version: string };
  return { installed: true, nanoseconds, version, bytes: storedBytes(join(directory, "stored")) };
}

/** Length of the head, the head as JSON, then float64: steps, times, and the values row by row. */
function workloadFile({ keys, steps, times, columns }: Workload, rows: number): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify({ keys, rows }));
  const file = new Uint8Array(4 + head.length + 8 * rows * (2 + keys.length));
  const view = new DataView(file.buffer);
  view.setUint32(0, head.length, true);
  file.set(head, 4);
  let at = 4 + head.length;
  const put = (value: number): void => {
    view.setFloat64(at, value, true);
    at += 8;
  };
  steps.subarray(0, rows).forEach(put);
  times.subarray(0, rows).forEach(put);
  for (let i = 0; i < rows; i++) for (const column of columns) put(column[i]!);
  return file;
}

async function run(args: readonly string[]): Promise<{ code: number | string | null; out: string; trouble: string }> {
  const child = spawn(PYTHON, args, { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let trouble = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (trouble += text));
  return await new Promise((resolve) => {
    child.on("error", (error: NodeJS.ErrnoException) => resolve({ code: error.code ?? error.message, out, trouble }));
    child.on("close", (code) => resolve({ code, out, trouble }));
  });
}
