import { builtinModule } from "../platform/builtin-module.ts";
import { warn } from "../platform/warn.ts";

/** What a session has logged and not stored. */
export interface Unstored {
  readonly runId: string;
  readonly points: number;
  /** Texts, images, histograms, tables, artifacts, params, tags, the end of the run, …. */
  readonly others: boolean;
}

interface FileSystem {
  writeSync(fd: number, text: string): unknown;
}

/** Runs that are named. */
const MAX_NAMED = 3;

/** Says on stderr, in one line, what is lost with the process, which has no time left to store it. */
export function noticeLoss(sessions: readonly Unstored[]): void {
  const lost = sessions.filter(({ points, others }) => points > 0 || others);
  if (lost.length === 0) return;
  const named = lost.slice(0, MAX_NAMED).map(({ runId, points, others }) => {
    const counted = points > 0 || !others ? [`${points} ${points === 1 ? "point" : "points"}`] : [];
    return `${[...counted, ...(others ? ["other records"] : [])].join(" and ")} of run ${runId}`;
  });
  if (lost.length > MAX_NAMED) named.push(`what ${lost.length - MAX_NAMED} more runs logged`);
  writeLine(
    `the process ended before it stored ${named.join(", ")}. Await run.finish() or run.flush() before process.exit(); withRun() and guardProcess() close a run after an uncaught error`,
  );
}

/** `console` is too late in a worker thread that exits: its lines go through the main thread. */
function writeLine(text: string): void {
  try {
    const fs = builtinModule<FileSystem>("node:fs");
    if (fs) return void fs.writeSync(2, `runledger: ${text}\n`);
  } catch {
    // A pipe that is full, or closed.
  }
  warn(text);
}
