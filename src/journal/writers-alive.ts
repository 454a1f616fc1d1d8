import type { Backend } from "../backend/backend.ts";
import type { RunCreated } from "./run-created.ts";
import type { WriterFold } from "./writer-fold.ts";

/**
 * `gone`: every session of a run has ended, or its thread certainly has. `alive`: the thread of one of them runs.
 * `unknown`: only the run's own progress can tell.
 */
export type WritersAlive = "alive" | "gone" | "unknown";

/**
 * Asks about the threads of those sessions that could still record something. `fences`: how many the run has. Sessions
 * that began before the last fence are not asked about: they may live on, but nothing of theirs is acknowledged any
 * more.
 */
export async function areWritersAlive(
  { liveness }: Backend,
  created: RunCreated,
  folds: readonly WriterFold[],
  fences: number,
): Promise<WritersAlive> {
  const open = folds.filter((fold) => fold.fence >= fences && !hasEnded(fold) && !isRecovery(fold));
  const tokens = new Map(open.map(({ writer, alive }) => [writer, alive]));
  const began = folds.some(({ writer }) => writer === created.writer.id);
  if (!began && fences === 0) tokens.set(created.writer.id, created.writer.alive);
  // The process that created the last fence has not begun its session yet, or died before that.
  const isClaimed = fences > 0 && !folds.some((fold) => fold.fence >= fences && !isRecovery(fold));
  let unknown = isClaimed;
  for (const token of tokens.values()) {
    // This very thread lives, but whether the session in it does, only progress tells.
    const isAlive = token === undefined || token === liveness?.token ? undefined : await liveness?.isAlive(token);
    if (isAlive === true) return "alive";
    if (isAlive === undefined) unknown = true;
  }
  return unknown ? "unknown" : "gone";
}

/**
 * A session that said so goes on no more. One that only left may: its program was about to end, and changed its mind.
 */
export function hasEnded(fold: WriterFold): boolean {
  return hasFinished(fold) || fold.events.some((event) => event.kind === "leave" && fold.next <= event.next);
}

/** A session that said so will never record anything more. */
export function hasFinished(fold: WriterFold): boolean {
  const last = isRecovery(fold) ? "interrupted" : "finish";
  return fold.events.some(({ kind }) => kind === last);
}

/** A session of `recover()`, which logs nothing. */
export function isRecovery({ events }: WriterFold): boolean {
  return events.some((event) => event.kind === "session" && event.mode === "recover");
}
