import { callOptions } from "../backend/call-options.ts";
import type { Backend } from "../backend/backend.ts";
import type { Coverage } from "../journal/compacted.ts";
import { listRun } from "../journal/list-run.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import { hasEnded, hasFinished, isRecovery } from "../journal/writers-alive.ts";

/** What this writer knows of the others. */
export interface WriterKnowledge {
  /** How far they were when this writer began. */
  readonly positions?: ReadonlyMap<string, number> | undefined;
  /** How many fences the run has: sessions that began before the last one are shut out. */
  readonly fences?: number | undefined;
}

/**
 * Whether one of the other writers seems to go on: then the last one compacts the run. This only saves work, so a slow writer may be
 * taken for gone.
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

/**
 * Returns the covered segments that certainly hold no more than is covered, now and later: their writers recorded an end, or their
 * threads have ended. Returns all of them where every flush is an object of its own, because no object grows there.
 */
export async function settledSegments(
  backend: Backend,
  runId: string,
  { folds, covers, self }: { folds: readonly WriterFold[]; covers: readonly Coverage[]; self?: string | undefined },
  signal?: AbortSignal,
): Promise<readonly Coverage[]> {
  const { capabilities, liveness } = backend;
  if (!capabilities.append) return covers;
  const ended = new Set(self === undefined ? [] : [self]);
  const gone = new Set<string>();
  for (const fold of folds) {
    if (hasFinished(fold)) ended.add(fold.writer);
    else if (fold.alive !== undefined && (await liveness?.isAlive(fold.alive)) === false) gone.add(fold.writer);
  }
  // A thread may have appended something after its journal was read, and before it was asked about.
  const listing = gone.size > 0 ? await listRun(backend, runId, callOptions(signal)) : undefined;
  const isSettled = (writer: string, seq: number, bytes: number): boolean =>
    ended.has(writer) ||
    (gone.has(writer) &&
      (listing?.writers.get(writer) ?? []).every((segment) => segment.seq !== seq || segment.size <= bytes));
  return covers.map(({ writer, segments }) => ({
    writer,
    segments: segments.filter(({ seq, bytes }) => isSettled(writer, seq, bytes)),
  }));
}
