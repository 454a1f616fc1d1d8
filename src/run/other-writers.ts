import type { Backend } from "../backend/backend.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import { hasEnded, isRecovery } from "../journal/writers-alive.ts";

/** How others may be told to go on or not. */
export interface WriterKnowledge {
  /** How far they were when this writer began. */
  readonly positions?: ReadonlyMap<string, number> | undefined;
  /** How many fences the run has: sessions that began before the last one are shut out. */
  readonly fences?: number | undefined;
  /** Id of the writer that asks. */
  readonly self?: string | undefined;
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
 * The writers whose segments will certainly not grow any more: those that said so, and processes that have ended. Where every
 * flush is an object of its own no object ever grows, so it is all of them.
 */
export async function settledWriters(
  { capabilities, liveness }: Backend,
  folds: readonly WriterFold[],
  { self }: WriterKnowledge,
): Promise<Set<string>> {
  const settled = new Set<string>();
  for (const fold of folds) {
    const isSettled =
      !capabilities.append ||
      fold.writer === self ||
      hasEnded(fold) ||
      (fold.alive !== undefined && (await liveness?.isAlive(fold.alive)) === false);
    if (isSettled) settled.add(fold.writer);
  }
  return settled;
}
