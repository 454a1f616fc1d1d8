import { callOptions } from "../backend/call-options.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import type { Backend } from "../backend/backend.ts";
import { mapBounded } from "../platform/bounded.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { MAX_CHECKED_JSON_BYTES } from "../bytes/checked-json.ts";
import { losesRecords } from "../journal/damage.ts";
import { encodeFence, fenceClaimKey, fencedEndKey, fencedError, type FencedEnd, fenceKey } from "../journal/fence.ts";
import { listRun, type RunListing } from "../journal/list-run.ts";
import { shortWriters } from "../journal/lost-objects.ts";
import { type RunCreated, runCreatedKey } from "../journal/run-created.ts";
import type { WriterFold } from "../journal/writer-fold.ts";

/** Ends recorded at a time. */
const PARALLEL = 8;

/**
 * Puts up the run's next fence. Once this resolves, no session that began before can have anything acknowledged any more, and the
 * listing shows everything that was. Rejects with `UNSUPPORTED` where the backend's creates are not exclusive, and with `FENCED`
 * when another session claims the run at the same moment.
 *
 * On a store that turns out to let two sessions create the same fence, both see each other's claim in the listing that each takes
 * after its own claim. At most one of them goes on, behind a fence of its own.
 */
export async function claimRun(
  backend: Backend,
  { id: runId }: RunCreated,
  writer: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly fence: number; readonly listing: RunListing }> {
  const call = callOptions(signal);
  await assertExclusive(backend, runId, signal);
  // Not the writer's id: a copied machine may have the same one.
  const id = randomHex();
  let n = (await listRun(backend, runId, call)).fences;
  for (;;) {
    do n++;
    while (!(await createOrMatch(backend, fenceKey(runId, n), encodeFence(runId, { n, id }, writer), signal)));
    await createOrMatch(backend, fenceClaimKey(runId, { n, id }), new Uint8Array(), signal);
    const listing = await listRun(backend, runId, call);
    const others = listing.claims.filter((claim) => claim.n === n && claim.id !== id);
    if (others.length === 0) return { fence: n, listing };
    // One of them goes on: the others would only take turns in shutting each other out.
    if (others.some((other) => other.id < id)) throw fencedError(runId, fenceKey(runId, n));
  }
}

/**
 * Records where the journals of the sessions that `fence` shuts out end. `folds` must have been read after the fence was put up.
 * What such a session stores later was never acknowledged, and readers leave it out.
 */
export async function recordFencedEnds(
  backend: Backend,
  created: RunCreated,
  fence: number,
  { listing, folds }: { readonly listing: RunListing; readonly folds: readonly WriterFold[] },
  signal: AbortSignal | undefined,
): Promise<void> {
  const ends: FencedEnd[] = folds.filter((fold) => isCertainlyBefore(fence, fold, created)).map(toEnd);
  const first = created.writer.id;
  // A session that stored nothing had nothing acknowledged. Only the one that began the run is certain to have begun earlier.
  if (!folds.some(({ writer }) => writer === first) && !listing.writers.has(first))
    ends.push({ writer: first, next: 0 });
  // Where a journal that is cut now ends would hide that more of it was acknowledged.
  const short = shortWriters(created.id, folds, listing);
  const missing = ends.filter(({ writer }) => !listing.ends.has(writer) && !short.has(writer));
  await mapBounded(missing, PARALLEL, signal, async (end, stop) => {
    await createOrMatch(backend, fencedEndKey(created.id, fence, end), new Uint8Array(), stop);
  });
}

function toEnd(fold: WriterFold): FencedEnd {
  return { writer: fold.writer, next: saysNothing(fold) ? 0 : fold.next };
}

/** A session may take its own beginning back, when it could not be confirmed. Until then it has stored nothing of the run. */
function saysNothing({ events, summaries, media, superseded }: WriterFold): boolean {
  return events.every(({ kind }) => kind === "session") && summaries.size + media.size + superseded === 0;
}

/** False when the session's beginning cannot be read, when some of its records cannot, and for `recover`, which no fence shuts out. */
function isCertainlyBefore(fence: number, fold: WriterFold, created: RunCreated): boolean {
  if (fold.fence >= fence || fold.damage.some(losesRecords)) return false;
  const session = fold.events.find((event) => event.kind === "session");
  return session === undefined ? fold.writer === created.writer.id : session.mode !== "recover";
}

async function assertExclusive(backend: Backend, runId: string, signal: AbortSignal | undefined): Promise<void> {
  const call = callOptions(signal);
  if (!backend.capabilities.exclusiveCreate) {
    // What a store can do may be found out with the first create. This one changes nothing: the object is there.
    const key = runCreatedKey(runId);
    const bytes = await readBounded(backend, key, MAX_CHECKED_JSON_BYTES, call);
    await backend.create(key, bytes, call).catch((error: unknown) => {
      if (!LedgerError.hasCode(error, "EXISTS")) throw error;
    });
  }
  if (backend.capabilities.exclusiveCreate) return;
  throw new LedgerError(
    "UNSUPPORTED",
    `resumeRun with mode "exclusive" needs a store where of two creates of one key one fails, and the ${backend.name} backend does not promise that here: use mode "join", which keeps the points of all`,
    { field: "mode" },
  );
}

function randomHex(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
