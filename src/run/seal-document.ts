import { isKept } from "../journal/inventory.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { encodeRunDocument, MAX_DOCUMENT_NUMBER, type RunDocument, runDocumentKey } from "../journal/run-document.ts";
import type { RunState } from "../journal/run-state.ts";
import { noNumberAfter } from "../errors/no-number-after.ts";
import { inSlices } from "../platform/event-loop.ts";
import { createDocument, enterClosed } from "./close-run.ts";
import { isOvertaken, outdatedDocuments, removeDocuments } from "./outdated-documents.ts";
import type { RunContext } from "./run-context.ts";
import { keptObjects } from "./take-inventory.ts";

/**
 * Stores the next document of a closed run, which says the same as the newest one, and lists what has been added to
 * seal the run. Nobody stores a document after it, and so nobody removes what it lists: a session that closes the run at
 * the same moment finds its number taken, lists the run, and sees that it is being sealed. Does nothing if the number is
 * taken.
 */
export async function storeSealDocument(
  context: RunContext,
  created: RunCreated,
  state: RunState & { readonly document: RunDocument },
  signal: AbortSignal | undefined,
): Promise<void> {
  const { backend } = context;
  const { document, listing } = state;
  const { id } = created;
  const n = listing.newestDocument + 1;
  if (n > MAX_DOCUMENT_NUMBER) throw noNumberAfter(runDocumentKey(id, listing.newestDocument));
  const kept = await keptObjects({ backend, created, state, writer: undefined, signal });
  const objects = [...kept, ...document.objects.filter(({ name }) => !isKept(name))];
  objects.sort((a, b) => (a.name < b.name ? -1 : 1));
  const bytes = await inSlices(encodeRunDocument({ ...document, objects }));
  if (!(await createDocument(context, id, n, bytes, { durable: true, signal }))) return;
  if (await isOvertaken(backend, id, n, signal)) return;
  await enterClosed(context, created, n, signal);
  await removeDocuments(context, id, outdatedDocuments(listing, n), signal);
}
