import { warn } from "../platform/warn.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { builtinModule } from "../platform/builtin-module.ts";

/** A session of a run that is open in this process. */
export interface OpenSession {
  readonly runId: string;
  readonly writer: JournalWriter;
  /** What it stores survives the end of the process. */
  readonly isDurable: boolean;
  /** Whether a rich value or an artifact is on its way to the store. */
  isStoring(): boolean;
  /** Whether a call that closes the run goes on. */
  isClosing(): boolean;
  /** Stores what waits, and says that the session ends. */
  end(): Promise<void>;
}

/** What of Node's `process` is needed. Bun and Deno have it too. */
interface EndingProcess {
  on(event: "beforeExit" | "exit", listener: () => void): unknown;
  removeListener(event: "beforeExit" | "exit", listener: () => void): unknown;
}

/** Open sessions, each with the number of the record that came next when its end was last recorded; -1 before that. */
const open = new Map<OpenSession, number>();
/** A listener that logs whenever the process is about to end must not keep it for ever. */
const MAX_ENDS = 3;
let ends = 0;

/**
 * Keeps the process alive, when it comes to its natural end, until what the session logged is stored: one attempt. Then one
 * line on stderr says that the run was not finished. A process that ends without that (an uncaught error, `process.exit()`) only
 * says in one line what it did not store.
 *
 * A session in memory ends with its process by design: storing would be in vain, and a test that leaves a run open need not hear of it.
 */
export function openSession(session: OpenSession): OpenSession {
  if (!session.isDurable) return session;
  if (open.size === 0) {
    const process = endingProcess();
    process?.on("beforeExit", onBeforeExit);
    process?.on("exit", onExit);
  }
  open.set(session, -1);
  return session;
}

/** Stops waiting for the session at the end of the process: it was closed, fenced or left. */
export function closeSession(session: OpenSession): void {
  if (!open.delete(session) || open.size > 0) return;
  const process = endingProcess();
  process?.removeListener("beforeExit", onBeforeExit);
  process?.removeListener("exit", onExit);
}

function onExit(): void {
  const left = [...open].filter(([{ writer }, endedAt]) => writer.next !== endedAt);
  noticeLoss(
    left.map(([{ runId, writer, isStoring }]) => ({
      runId,
      points: writer.stats.buffered,
      others: writer.hasUnstoredEvents || isStoring(),
    })),
  );
}

function endingProcess(): EndingProcess | undefined {
  const { process } = globalThis as { readonly process?: Partial<EndingProcess> };
  return typeof process?.on === "function" && typeof process.removeListener === "function"
    ? (process as EndingProcess)
    : undefined;
}

function onBeforeExit(): void {
  // Behind all other listeners: some of them close runs.
  queueMicrotask(() => void endSessions());
}

async function endSessions(): Promise<void> {
  const sessions = [...open].flatMap(([session, endedAt]) =>
    session.isClosing() || session.writer.next === endedAt ? [] : [session],
  );
  if (sessions.length === 0 || ends >= MAX_ENDS) return;
  ends++;
  const outcomes = await Promise.allSettled(sessions.map((session) => session.end()));
  const stored: string[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    const session = sessions[i]!;
    if (!open.has(session)) continue;
    open.set(session, session.writer.next);
    if (outcome.status === "fulfilled") stored.push(session.runId);
    else
      warn(
        `the process ended before run ${session.runId} was finished, and could not store ${session.writer.stats.buffered} values that it logged: ${String((outcome.reason as Error).message)}`,
      );
  }
  if (stored.length === 0) return;
  const [runs, verb] = stored.length === 1 ? ["run", "reads"] : ["runs", "read"];
  const named = stored.slice(0, 3).join(", ") + (stored.length > 3 ? ` and ${stored.length - 3} more` : "");
  warn(
    `the process ended before ${runs} ${named} finished. What was logged is stored, and the ${runs} ${verb} as interrupted. Call finish(), await withRun(), or use guardProcess()`,
  );
}

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
    `the process ended before it stored ${named.join(", ")}. Await run.finish() or run.flush() before process.exit(). guardProcess(run) closes a run after an uncaught error or rejection`,
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
