import type { Backend } from "../backend/backend.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { assertNotDeleted, lifecycleKey } from "../journal/lifecycle.ts";
import { listRun } from "../journal/list-run.ts";
import { runPurged, wasPurged } from "../journal/purged.ts";
import { segmentKey } from "../journal/segment.ts";
import { callOptions } from "../backend/call-options.ts";

/**
 * Rejects if a run was deleted or purged since it was listed with `lifecycle` markers. To be called once a session is
 * stored: a purge first deletes the run, then looks for sessions, then marks it as purged, and at last removes
 * the rest. So the order of the two looks here matters, too: the first marker may be gone because the second is there.
 */
export async function assertStillThere(
  backend: Backend,
  runId: string,
  lifecycle: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const call = callOptions(signal);
  if (await backend.stat(lifecycleKey(runId, lifecycle + 1), call))
    await assertNotDeleted(backend, runId, (await listRun(backend, runId, call)).lifecycle, call);
  if (await wasPurged(backend, runId, call)) throw runPurged(runId);
}

/**
 * Removes what a session has stored that nobody holds, so that the record of the run is what it was. If that fails, the
 * run reads as running until `recover()`.
 */
export async function withdrawSession(backend: Backend, runId: string, writer: JournalWriter): Promise<void> {
  const { writer: id, segments } = writer.stored;
  for (const { seq, flushes } of segments)
    await backend.remove(segmentKey(runId, { writer: id, seq, flushes })).catch(() => {});
}
