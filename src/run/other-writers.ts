import { callOptions } from "../backend/call-options.ts";
import type { Backend } from "../backend/backend.ts";
import type { Coverage } from "../journal/compacted.ts";
import { listRun } from "../journal/list-run.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import { hasEnded, hasFinished, isRecovery } from "../journal/writers-alive.ts";

/** How others may be told to go on or not. */
export interface WriterKnowledge {
  /** How far they were when this writer began. */
  readonly positions?: ReadonlyMap<string, number> | undefined;
  /** How many fences the run has: sessions that began before the last one are shut out. */
  readonly fences?: number | undefined;
}

/**
 * Whether one of the other writers seems to go on: then it is left to the last one to compact the run. Only a matter of work
 * to be saved, so who is slow may be taken for gone.
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
 * Those of the covered segments that certainly hold no more than is covered, and will not: their writers said that they ended,
 * or their threads have ended. Where every flush is an object of its own no object ever grows, so it is all of them.
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
