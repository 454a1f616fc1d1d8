import { invalidArgument } from "../errors/ledger-error.ts";
import { readOptions } from "../arguments/options.ts";
import type { Backend } from "../backend/backend.ts";
import { CONSOLE_KEY, type ConsoleLine, decodeConsoleLine } from "../journal/console-lines.ts";
import { listMedia } from "./list-media.ts";
import { openMedia } from "./open-media.ts";

/** Options of `ledger.console`. */
export interface ConsoleQuery {
  /** How many of the last lines to return. Default: all. */
  readonly tail?: number | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}

/** Returns what the process of a run wrote to the console; see `Ledger.console`. */
export async function readConsole(backend: Backend, runId: string, query?: ConsoleQuery): Promise<ConsoleLine[]> {
  const { tail = Number.POSITIVE_INFINITY, signal } = readOptions("console", query, { tail: true, signal: true });
  if (typeof tail !== "number" || !(tail >= 0)) throw invalidArgument("tail", "a number of lines", tail);
  const entries = await listMedia(backend, runId, { key: CONSOLE_KEY, type: "text", signal });
  // The latest first. The sort is stable, so entries of the same time stay in the order of logging.
  const latest = entries.toSorted((a, b) => a.time - b.time).reverse();
  const lines: ConsoleLine[][] = [];
  let count = 0;
  for (const entry of latest) {
    if (count >= tail) break;
    const content = await openMedia(backend, entry, signal);
    const own =
      content.type === "text" ? content.text.split("\n").flatMap((line) => decodeConsoleLine(line) ?? []) : [];
    lines.push(own);
    count += own.length;
  }
  const all = lines
    .reverse()
    .flat()
    .sort((a, b) => a.time - b.time);
  return all.slice(Math.max(0, all.length - tail));
}
