import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { LogCall } from "./workloads.ts";

/** How a line of JSON can be made by hand, with nothing but what the row itself needs. */
export const LINE_FORMS: Record<"JSON.stringify" | "concatenation", (call: LogCall) => string> = {
  "JSON.stringify": ({ metrics, at: { step, time } }) => JSON.stringify({ step, time, metrics }),
  // Right as long as no key needs escaping and every value is finite.
  concatenation: ({ metrics, at }) => {
    let line = `{"step":${at.step},"time":${at.time}`;
    for (const key in metrics) line += `,"${key}":${metrics[key]}`;
    return `${line}}`;
  },
};

const BUFFER_CHARACTERS = 64 * 1024;

/** Writes a line for each call, 64 KiB at a time, and nothing else: no checks, no recovery, no durability. */
export function writeJsonLines(
  form: keyof typeof LINE_FORMS,
  calls: readonly LogCall[],
  directory: string,
): { nanoseconds: number; bytes: number } {
  const toLine = LINE_FORMS[form];
  const path = join(directory, `${form}.jsonl`);
  const file = openSync(path, "ax");
  const start = process.hrtime.bigint();
  let buffer = "";
  for (const call of calls) {
    buffer += `${toLine(call)}\n`;
    if (buffer.length >= BUFFER_CHARACTERS) {
      writeSync(file, buffer);
      buffer = "";
    }
  }
  if (buffer !== "") writeSync(file, buffer);
  const nanoseconds = Number(process.hrtime.bigint() - start);
  closeSync(file);
  return { nanoseconds, bytes: statSync(path).size };
}
