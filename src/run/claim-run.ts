import { callOptions } from "../backend/call-options.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import type { Backend } from "../backend/backend.ts";
import { mapBounded } from "../platform/bounded.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { noNumberAfter } from "../errors/no-number-after.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { MAX_CHECKED_JSON_BYTES } from "../bytes/checked-json.ts";
import { losesRecords } from "../journal/damage.ts";
import { sealedError } from "../journal/sealing.ts";
import {
  encodeFence,
  fenceClaimKey,
  fencedEndKey,
  fencedError,
  type FencedEnd,
  fenceKey,
  MAX_FENCE_NUMBER,
} from "../journal/fence.ts";
import { assertNotDeleted } from "../journal/lifecycle.ts";
import { listRun, type RunListing } from "../journal/list-run.ts";
import { shortWriters } from "../journal/lost-objects.ts";
import { type RunCreated, runCreatedKey } from "../journal/run-created.ts";
import type { WriterFold } from "../journal/writer-fold.ts";

const EXCLUSIVE_ADVICE = { advice: ': use mode "join", which keeps the points of all writers', field: "mode" };
/** How many ends are recorded at a time. */
const PARALLEL = 8;

/**
 * Puts up the next fence of a run. Once this resolves, the backend acknowledges nothing more of earlier sessions, and
 * the returned listing shows everything that it acknowledged. Rejects with `UNSUPPORTED` if the creates of the backend
 * are not exclusive, and with `FENCED` if another session claims the run at the same moment.
 *
 * A store may let two sessions create the same fence. Then each session sees the claim of the other in the listing that
 * it takes after its own claim. At most one of them continues, behind a fence of its own.
 */
export async function claimRun(
  backend: Backend,
  { id: runId }: RunCreated,
  writer: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly fence: number; readonly listing: RunListing }> {
  const call = callOptions(signal);
  await assertExclusive(backend, runId, { what: 'resumeRun with mode "exclusive"', instead: EXCLUSIVE_ADVICE }, signal);
  // Not the writer's id: a copied machine may have the same id.
  const id = randomHex();
  const { fences, lifecycle, isSealing } = await listRun(backend, runId, call);
  if (isSealing) throw sealedError(runId);
  await assertNotDeleted(backend, runId, lifecycle, call);
  let n = fences;
  for (;;) {
    do if (++n > MAX_FENCE_NUMBER) throw noNumberAfter(fenceKey(runId, MAX_FENCE_NUMBER));
    while (!(await createOrMatch(backend, fenceKey(runId, n), encodeFence(runId, { n, id }, writer), signal)));
    await createOrMatch(backend, fenceClaimKey(runId, { n, id }), new Uint8Array(), signal);
    const listing = await listRun(backend, runId, call);
    if (listing.isSealing) throw sealedError(runId);
    const others = listing.claims.filter((claim) => claim.n === n && claim.id !== id);
    if (others.length === 0) return { fence: n, listing };
    // The claim with the lowest id continues. Without this rule the sessions would shut each other out in turns.
    if (others.some((other) => other.id < id)) throw fencedError(runId, fenceKey(runId, n));
  }
}

/**
 * Records where the journals of the sessions end that `fence` shuts out. `folds` must be read after the fence was put
 * up. Records that such a session stores later were never acknowledged, and readers skip them. Returns how
 * many ends it recorded.
 */
export async function recordFencedEnds(
  backend: Backend,
  created: RunCreated,
  fence: number,
  { listing, folds }: { readonly listing: RunListing; readonly folds: readonly WriterFold[] },
  signal: AbortSignal | undefined,
): Promise<number> {
  const ends: FencedEnd[] = folds.filter((fold) => isCertainlyBefore(fence, fold, created)).map(toEnd);
  const first = created.writer.id;
  // A session that stored nothing has nothing acknowledged. Only the session that began the run certainly began
  // earlier.
  if (!folds.some(({ writer }) => writer === first) && !listing.writers.has(first))
    ends.push({ writer: first, next: 0 });
  // The end of a journal that was cut would hide that more of it was acknowledged.
  const short = shortWriters(created.id, folds, listing);
  const missing = ends.filter(({ writer }) => !listing.ends.has(writer) && !short.has(writer));
  await mapBounded(missing, PARALLEL, signal, async (end, stop) => {
    await createOrMatch(backend, fencedEndKey(created.id, fence, end), new Uint8Array(), stop);
  });
  return missing.length;
}

function toEnd(fold: WriterFold): FencedEnd {
  return { writer: fold.writer, next: saysNothing(fold) ? 0 : fold.next };
}

/**
 * Whether a session stored nothing but its own beginning. A session may withdraw a beginning that it could not confirm.
 */
function saysNothing({ events, summaries, media, superseded }: WriterFold): boolean {
  return events.every(({ kind }) => kind === "session") && summaries.size + media.size + superseded === 0;
}

/**
 * Returns `false` if records of the session cannot be read, and for a session of `recover`, which no fence shuts out.
 */
function isCertainlyBefore(fence: number, fold: WriterFold, created: RunCreated): boolean {
  if (fold.fence >= fence || fold.damage.some(losesRecords)) return false;
  const session = fold.events.find((event) => event.kind === "session");
  return session === undefined ? fold.writer === created.writer.id : session.mode !== "recover";
}

/** Throws `UNSUPPORTED` if the creates of the backend are not exclusive. `call`: what needs that, and what to do. */
export async function assertExclusive(
  backend: Backend,
  runId: string,
  { what, instead }: { readonly what: string; readonly instead: { readonly advice: string; readonly field?: string } },
  signal: AbortSignal | undefined,
): Promise<void> {
  const call = callOptions(signal);
  if (!backend.capabilities.exclusiveCreate) {
    // The backend may learn from its first create what the store can do. This create changes nothing: the object
    // exists.
    const key = runCreatedKey(runId);
    const bytes = await readBounded(backend, key, MAX_CHECKED_JSON_BYTES, call);
    await backend.create(key, bytes, call).catch((error: unknown) => {
      if (!LedgerError.hasCode(error, "EXISTS")) throw error;
    });
  }
  if (backend.capabilities.exclusiveCreate) return;
  throw new LedgerError(
    "UNSUPPORTED",
    `${what} needs a store where one of two creates of the same key fails, and the ` +
      `${backend.name} backend does not promise that here${instead.advice}`,
    { field: instead.field },
  );
}

/** Returns 32 random hex digits. */
export function randomHex(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
