import { warn } from "../platform/warn.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { builtinModule } from "../platform/builtin-module.ts";
import type { SharedEnd } from "./shared-end.ts";
import { whenPageHides } from "./page-hiding.ts";
import { processGuard } from "./process-guard.ts";

/** A session of a run that is open in this process. */
export interface OpenSession {
  readonly runId: string;
  readonly writer: JournalWriter;
  /** Whether stored records survive the end of the process. */
  readonly isDurable: boolean;
  /** Whether a rich value or an artifact is being stored. */
  isStoring(): boolean;
  /** Whether a call that closes the run is under way. */
  isClosing(): boolean;
  /** Stores everything that waits, and records that the session ends. */
  end(): Promise<SessionEnd>;
}

/** How a session ended that did not close its run. */
export interface SessionEnd extends SharedEnd {
  /** The number of its records up to the end. Later ones are not part of it. */
  readonly next: number;
}

/** The needed members of Node's `process`. Bun and Deno have them too. */
interface EndingProcess {
  on(event: "beforeExit" | "exit", listener: () => void): unknown;
  removeListener(event: "beforeExit" | "exit", listener: () => void): unknown;
}

/** The open sessions, each with its number of records when its end was last recorded; -1 before that. */
const open = new Map<OpenSession, number>();
/** A program that logs whenever its process is about to end must not keep the process alive for ever. */
const MAX_ENDS = 3;
let ends = 0;
let stopWatchingPage: (() => void) | undefined;

/**
 * Keeps the process alive at its natural end until one attempt has stored the records of the session. Then a line on
 * stderr says that the run was not finished. A process that ends otherwise (an uncaught error, `process.exit()`) only
 * says in one line what it did not store. In a page, whose end cannot be put off, stores them whenever the page is
 * hidden or left.
 *
 * A session in memory ends with its process by design: storing its records is useless, and a test that leaves a run
 * open needs no warning.
 */
export function openSession(session: OpenSession): OpenSession {
  if (!session.isDurable) return session;
  if (open.size === 0) {
    const process = endingProcess();
    process?.on("beforeExit", onBeforeExit);
    process?.on("exit", onExit);
    stopWatchingPage = whenPageHides(flushAll);
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
  stopWatchingPage?.();
}

/** Begins to store everything that waits. What fails is tried again, and reported, like any other write. */
function flushAll(): void {
  for (const { writer } of open.keys()) writer.flush().catch(() => {});
}

/** Says that the end of the session is recorded, and `next` is the number of its records. */
export function leaveSession(session: OpenSession, next: number): void {
  if (open.has(session)) open.set(session, next);
}

/** Returns the writers of the open sessions. */
export function writersHere(): Set<string> {
  return new Set([...open.keys()].map(({ writer }) => writer.id));
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
  // After all other listeners, because some of them close runs.
  queueMicrotask(() => void endSessions());
}

async function endSessions(): Promise<void> {
  const sessions = [...open].flatMap(([session, endedAt]) =>
    session.isClosing() || processGuard()?.closesAtEnd(session.runId) || session.writer.next === endedAt
      ? []
      : [session],
  );
  if (sessions.length === 0 || ends >= MAX_ENDS) return;
  ends++;
  const outcomes = await Promise.allSettled(sessions.map((session) => session.end()));
  const left: OpenSession[] = [];
  const leftToOthers: OpenSession[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    const session = sessions[i]!;
    if (!open.has(session)) continue;
    open.set(session, outcome.status === "fulfilled" ? outcome.value.next : session.writer.next);
    if (outcome.status === "fulfilled") (outcome.value.isShared ? leftToOthers : left).push(session);
    else
      warn(
        `the process ended before run ${session.runId} was finished, and could not store ` +
          `${session.writer.stats.buffered} values that it logged: ${String((outcome.reason as Error).message)}`,
      );
  }
  const [own, ownVerb] = name(left);
  if (own !== "")
    warn(
      `the process ended before ${own} finished. Everything that was logged is stored, and the ${ownVerb} as ` +
        "interrupted. Call finish(), await withRun(), or use guardProcess()",
    );
  const [shared, sharedVerb] = name(leftToOthers);
  if (shared !== "")
    warn(
      `the process left ${shared}, which other writers may continue. Everything that was logged is stored. The last ` +
        `writer calls finish(); without that the ${sharedVerb} as interrupted`,
    );
}

/** Returns the runs of the sessions as text, and the beginning of a statement about them; "" if there are none. */
function name(sessions: readonly OpenSession[]): readonly [string, string] {
  const ids = [...new Set(sessions.map(({ runId }) => runId))];
  if (ids.length === 0) return ["", ""];
  const named = ids.slice(0, 3).join(", ") + (ids.length > 3 ? ` and ${ids.length - 3} more` : "");
  return ids.length === 1 ? [`run ${named}`, "run reads"] : [`runs ${named}`, "runs read"];
}

/** What a session has logged, but not stored. */
interface Unstored {
  readonly runId: string;
  readonly points: number;
  /** Whether texts, images, histograms, tables, artifacts, params, tags or the end of the run are not stored. */
  readonly others: boolean;
}

interface FileSystem {
  writeSync(fd: number, text: string): unknown;
}

/** How many runs a message names. */
const MAX_NAMED = 3;

/** Says on stderr, in one line, what is lost because the process has no time left to store it. */
function noticeLoss(sessions: readonly Unstored[]): void {
  const lost = sessions.filter(({ points, others }) => points > 0 || others);
  if (lost.length === 0) return;
  const named = lost.slice(0, MAX_NAMED).map(({ runId, points, others }) => {
    const counted = points > 0 || !others ? [`${points} ${points === 1 ? "point" : "points"}`] : [];
    return `${[...counted, ...(others ? ["other records"] : [])].join(" and ")} of run ${runId}`;
  });
  if (lost.length > MAX_NAMED) named.push(`records of ${lost.length - MAX_NAMED} more runs`);
  const advice = lost.every(({ runId }) => processGuard()?.guards(runId))
    ? ""
    : ". guardProcess(run) closes a run after an uncaught error or rejection";
  writeLine(
    `the process ended before it stored ${named.join(", ")}. Await run.finish() or run.flush() before ` +
      `process.exit()${advice}`,
  );
}

/** Writes to stderr directly: when a worker thread exits, lines of its `console` come too late for the main thread. */
function writeLine(text: string): void {
  try {
    const fs = builtinModule<FileSystem>("node:fs");
    if (fs) return void fs.writeSync(2, `runledger: ${text}\n`);
  } catch {
    // The pipe is full or closed.
  }
  warn(text);
}
