import { callOptions } from "../backend/call-options.ts";
import type { Backend } from "../backend/backend.ts";
import type { Coverage } from "../journal/compacted.ts";
import { listRun } from "../journal/list-run.ts";
import type { RunCreated } from "../journal/run-created.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import { hasEnded, hasFinished, isRecovery } from "../journal/writers-alive.ts";
import type { RunContext } from "./run-context.ts";

/** A writer that has recorded nothing for this many intervals counts as gone. */
const SILENT_BEATS = 3;

/** What a writer knows about the other writers of its run. */
export interface WriterKnowledge {
  /** The number of records that each of them had when this writer began. */
  readonly positions?: ReadonlyMap<string, number> | undefined;
  /** How many fences the run has. Sessions that began before the last fence are shut out. */
  readonly fences?: number | undefined;
}

/**
 * Returns whether one of the other writers seems to continue. Then the last writer compacts the run. This only saves
 * work, so it may take a slow writer for gone.
 */
export async function seemsActive(
  { liveness }: Backend,
  others: readonly WriterFold[],
  { positions, fences = 0 }: WriterKnowledge,
): Promise<boolean> {
  for (const fold of others) {
    if (fold.fence < fences || hasEnded(fold) || isRecovery(fold)) continue;
    const isAlive = fold.alive === undefined ? undefined : await liveness?.isAlive(fold.alive);
    if (isAlive === false) continue;
    if (isAlive === true || fold.next > (positions?.get(fold.writer) ?? 0)) return true;
  }
  return false;
}

/** The sessions of other writers, for {@link seemContinued}. */
export interface OtherSessions {
  readonly created: RunCreated;
  readonly folds: readonly WriterFold[];
  readonly fences: number;
  /** The writers whose sessions end now. */
  readonly ending: ReadonlySet<string>;
}

/**
 * Returns whether another session seems to continue the run: its thread runs, or its latest record is not older than a
 * few of its signs of life. Sessions of this thread do not count, because they end with it.
 */
export async function seemContinued(
  { backend: { liveness }, clock }: RunContext,
  { created, folds, fences, ending }: OtherSessions,
): Promise<boolean> {
  const open: Pick<WriterFold, "writer" | "alive" | "beatMs" | "lastTime">[] = folds.filter(
    (fold) => fold.fence >= fences && !hasEnded(fold) && !isRecovery(fold),
  );
  const { id, alive, beatMs } = created.writer;
  // The session that began the run may have stored nothing yet.
  if (fences === 0 && folds.every(({ writer }) => writer !== id))
    open.push({ writer: id, beatMs, lastTime: created.createdAt, ...(alive !== undefined && { alive }) });
  for (const { writer, alive: token, beatMs: interval = beatMs, lastTime = created.createdAt } of open) {
    if (ending.has(writer) || (token !== undefined && token === liveness?.token)) continue;
    const isAlive = token === undefined ? undefined : await liveness?.isAlive(token);
    if (isAlive ?? clock.now() - lastTime <= SILENT_BEATS * interval) return true;
  }
  return false;
}

/** A run, and the segments that {@link settledSegments} looks at. */
export interface CoveredRun {
  readonly created: RunCreated;
  readonly folds: readonly WriterFold[];
  /** The segments that the newest document has compacted. */
  readonly covers: readonly Coverage[];
  readonly fences: number;
  /** The writer that closes the run. */
  readonly self?: string | undefined;
}

/**
 * Returns the covered segments if none of them can ever hold more than is covered: their writers recorded an end, or
 * their threads have ended. Returns none if one writer may continue: if the document were lost, the journal of that
 * writer would not show that there were other writers. If each flush creates an object, no object grows, and the
 * numbers of later records show that earlier ones existed.
 */
export async function settledSegments(
  { backend, clock }: RunContext,
  { created, folds, covers, fences, self }: CoveredRun,
  signal?: AbortSignal,
): Promise<readonly Coverage[]> {
  const { capabilities, liveness } = backend;
  const isDead = async (alive: string | undefined): Promise<boolean> =>
    alive !== undefined && (await liveness?.isAlive(alive)) === false;
  const first = created.writer;
  const isToCome = fences === 0 && self !== first.id && folds.every(({ writer }) => writer !== first.id);
  // A writer records a sign of life at each interval. A writer that was silent for several intervals is gone.
  const isSilent = clock.now() - created.createdAt > SILENT_BEATS * first.beatMs;
  if (isToCome && !isSilent && !(await isDead(first.alive))) return [];
  if (!capabilities.append) return covers;
  const ended = new Set(self === undefined ? [] : [self]);
  const gone = new Set<string>();
  for (const fold of folds) {
    if (hasFinished(fold)) ended.add(fold.writer);
    else if (await isDead(fold.alive)) gone.add(fold.writer);
  }
  // A thread may have appended something after its journal was read, and before it ended.
  const listing = gone.size > 0 ? await listRun(backend, created.id, callOptions(signal)) : undefined;
  const isSettled = (writer: string, seq: number, bytes: number): boolean =>
    ended.has(writer) ||
    (gone.has(writer) &&
      (listing?.writers.get(writer) ?? []).every((segment) => segment.seq !== seq || segment.size <= bytes));
  const areSettled = covers.every(({ writer, segments }) =>
    segments.every(({ seq, bytes }) => isSettled(writer, seq, bytes)),
  );
  return areSettled ? covers : [];
}
