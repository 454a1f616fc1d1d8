import type { Backend } from "../backend/backend.ts";
import { enter } from "../catalog/catalog-entry.ts";
import type { RunListing } from "../journal/list-run.ts";

/**
 * Enters a run in the catalogue. An entry without its object means nothing, but an object without its entry is not found.
 * `isFinal`: whether the newest document has everything of the run.
 */
export async function enterListed(
  backend: Backend,
  { id, experiment }: { readonly id: string; readonly experiment: string },
  { newestDocument: number, lifecycle }: Pick<RunListing, "newestDocument" | "lifecycle">,
  isFinal: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  // First, since the other entries alone let searches read a document without looking for markers.
  if (lifecycle > 0) await enter(backend, experiment, id, "marked", lifecycle, signal);
  // The first two entries of a run let searches read its document without listing it.
  if (!isFinal || number === 1) await enter(backend, experiment, id, "open", isFinal ? 0 : number, signal);
  if (isFinal) await enter(backend, experiment, id, "closed", number, signal);
}
