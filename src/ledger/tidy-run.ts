import { createOrMatch } from "../backend/create-or-match.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { MAX_CHECKED_JSON_BYTES } from "../bytes/checked-json.ts";
import { foldRun } from "../journal/fold-run.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { runDocumentKey } from "../journal/run-document.ts";
import type { RunListing } from "../journal/list-run.ts";
import type { RunState } from "../journal/run-state.ts";
import { closeRun } from "../run/close-run.ts";
import { isCompactable, removeSuperseded, supersededKeys } from "../run/compact-run.ts";
import { outdatedDocuments } from "../run/outdated-documents.ts";
import type { RunContext } from "../run/run-context.ts";
import { seemsActive, settledSegments } from "../run/other-writers.ts";

/** Returns whether a run is closed. */
export function isClosed(created: RunCreated, { document, isCurrent, folds }: RunState): boolean {
  // If journals are lost, only the document shows it.
  return (
    (isCurrent && document !== undefined && document.record.status !== "running") ||
    foldRun(created, folds).status !== "running"
  );
}

/** Returns whether a listing alone shows that a run is closed and compacted, and that nothing is left over. */
export function isTidy({ writers, documents, newestDocument, metrics }: RunListing): boolean {
  if (documents.length === 0 || outdatedDocuments({ documents }, newestDocument).length > 0) return false;
  return writers.size === 0 && new Set(metrics.map(({ compaction }) => compaction)).size === 1;
}

/** Completes the close of a run: compacts it, or removes what the compaction replaced. */
export async function tidy(
  context: RunContext,
  created: RunCreated,
  state: RunState,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { backend } = context;
  const { folds, document, more, listing, lost } = state;
  // If something is lost, everything else must stay unchanged.
  if (lost.length > 0) return;
  const positions = new Map(folds.map(({ writer, next }) => [writer, next]));
  if (await seemsActive(backend, folds, { positions, fences: listing.fences })) return;
  if (document?.compacted === undefined || more.size > 0) {
    const hasPoints = folds.some(({ summaries }) => summaries.size > 0);
    if (hasPoints && backend.capabilities.exclusiveCreate && isCompactable(folds))
      await closeRun(context, created, { positions, state, signal });
    return;
  }
  const left = [...listing.writers].map(([writer, own]) => ({
    writer,
    segments: own.map(({ seq, flushes, size }) => ({ seq, flushes, bytes: size })),
  }));
  const settled = await settledSegments(context, { created, folds, covers: left, fences: listing.fences }, signal);
  const superseded = { listing, document, number: listing.newestDocument, settled };
  if (supersededKeys(created.id, superseded).length === 0) return;
  // The process that created the document may have died before the name of the document was on disk.
  const key = runDocumentKey(created.id, listing.newestDocument);
  const bytes = await readBounded(backend, key, MAX_CHECKED_JSON_BYTES, signal ? { signal } : {});
  await createOrMatch(backend, key, bytes, signal, true);
  await removeSuperseded(backend, created.id, superseded, signal);
}
