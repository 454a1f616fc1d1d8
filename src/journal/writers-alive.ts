import type { Backend } from "../backend/backend.ts";
import type { RunCreated } from "./run-created.ts";
import type { WriterFold } from "./writer-fold.ts";

/**
 * `gone`: every session of a run has ended, or its thread has certainly ended. `alive`: the thread of a session runs.
 * `unknown`: only progress of the run can show it.
 */
export type WritersAlive = "alive" | "gone" | "unknown";

/**
 * Asks the backend about the threads of the sessions that could still record something. `fences`: how many fences the
 * run has. It ignores sessions that began before the last fence, because nothing of them is acknowledged any more.
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
  // The process that created the last fence has not begun its session yet, or died before.
  const isClaimed = fences > 0 && !folds.some((fold) => fold.fence >= fences && !isRecovery(fold));
  let unknown = isClaimed;
  for (const token of tokens.values()) {
    // This thread lives, but only progress shows whether its session does.
    const isAlive = token === undefined || token === liveness?.token ? undefined : await liveness?.isAlive(token);
    if (isAlive === true) return "alive";
    if (isAlive === undefined) unknown = true;
  }
  return unknown ? "unknown" : "gone";
}

/**
 * Returns whether a session recorded its end. A session that only left may continue if its program does not end after
 * all.
 */
export function hasEnded(fold: WriterFold): boolean {
  return hasFinished(fold) || fold.events.some((event) => event.kind === "leave" && fold.next <= event.next);
}

/** Returns whether a session has closed the run, and so never records anything more. */
export function hasFinished(fold: WriterFold): boolean {
  const last = isRecovery(fold) ? "interrupted" : "finish";
  return fold.events.some(({ kind }) => kind === last);
}

/** Returns whether a session is one of `recover()`, which logs nothing. */
export function isRecovery({ events }: WriterFold): boolean {
  return events.some((event) => event.kind === "session" && event.mode === "recover");
}
