import { ownValue } from "../backend/dictionary.ts";
import { utf8Encoder } from "../backend/utf8.ts";
import { mapBounded } from "../backend/bounded.ts";
import { createOrMatch } from "../artifacts/numbered.ts";
import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../backend/error.ts";
import { encodeJson } from "../backend/json.ts";
import { encodeFenceSegment, fenceKey, isFenceSegment, MAX_FENCE_SEGMENT_BYTES } from "../journal/fence.ts";
import { listRun, type RunListing } from "../journal/list-run.ts";
import type { SegmentEntry } from "../journal/list-segments.ts";
import { readFolds } from "../journal/read-folds.ts";
import { readBeginning, whileItChanges } from "../journal/run-state.ts";
import { type RunCreated, runCreatedKey } from "../journal/run-created.ts";
import { segmentKey } from "../journal/segment.ts";

/** Writers shut out at a time. */
const PARALLEL = 8;
/** Most names of one writer's segments taken at a time. */
const MAX_NAMES = 256;

/**
 * Puts up the run's next fence, for the session of `writerId`. Once it resolves no session that began before can have anything
 * acknowledged any more, and all that was is in the listing. `UNSUPPORTED` where two could put up the same fence.
 */
export async function claimRun(
  backend: Backend,
  created: RunCreated,
  writerId: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly fence: number; readonly listing: RunListing }> {
  const call = signal ? { signal } : {};
  await assertExclusive(backend, created, signal);
  const before = await listRun(backend, created.id, call);
  const fence = await putUp(backend, created.id, before.fences + 1, writerId, signal);
  const listing = await listRun(backend, created.id, call);
  // Who appends looks for the fence after each append.
  if (backend.capabilities.append) return { fence, listing };

  // Segments that were compacted are gone, but their writers may go on.
  const compacted = await whileItChanges(backend, created.id, call, listing, async (listed) => {
    const { document } = await readBeginning(backend, created.id, listed, call);
    return document?.compacted;
  });
  const fences = new Map(compacted?.writers.map((fold) => [fold.writer, fold.fence]));
  const named = [created.writer.id, ...fences.keys()].map((writer) => [writer, []] as const);
  const writers = new Map<string, readonly SegmentEntry[]>([...named, ...listing.writers]);
  await mapBounded([...writers], PARALLEL, signal, async ([writer, segments], stop) => {
    // It may have begun behind the fence. What was listed before the fence was put up has not.
    if (writer !== created.writer.id && !before.writers.has(writer)) {
      let began = fences.get(writer);
      if (began === undefined) {
        const [fold] = await readFolds(backend, created, new Map([[writer, segments]]), { signal: stop });
        began = fold?.fence;
      }
      if (began !== undefined && began >= fence) return;
    }
    const end = (compacted && ownValue(compacted.ends, writer)?.segments) ?? 0;
    await takeNextSegment(backend, created.id, { writer, segments, end }, { fence, by: writerId }, stop);
  });
  return { fence, listing: await listRun(backend, created.id, call) };
}

async function assertExclusive(backend: Backend, created: RunCreated, signal: AbortSignal | undefined): Promise<void> {
  const call = signal ? { signal } : {};
  if (!backend.capabilities.exclusiveCreate) {
    // What a store can do may be found out with the first create. This one changes nothing: the object is there.
    const key = runCreatedKey(created.id);
    const bytes = await backend.read(key, call);
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

/** Creates fence `n`, or the first one behind it that nobody else has. Returns its number. */
async function putUp(
  backend: Backend,
  runId: string,
  n: number,
  writer: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  // Random beyond the writer's id: on a copied machine that may be another's too.
  const nonce = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
  const bytes = utf8Encoder().encode(encodeJson({ v: 1, writer, nonce: nonce.join("") }, "fence"));
  for (let next = n; ; next++) if (await createOrMatch(backend, fenceKey(runId, next), bytes, signal)) return next;
}

/**
 * Takes the name of a writer's next segment, so that its next create fails. One that goes on flushing meanwhile may be there
 * first; then more names are taken at a time, until it cannot be.
 */
async function takeNextSegment(
  backend: Backend,
  runId: string,
  {
    writer,
    segments,
    end,
  }: { readonly writer: string; readonly segments: readonly SegmentEntry[]; readonly end: number },
  { fence, by }: { readonly fence: number; readonly by: string },
  signal: AbortSignal,
): Promise<void> {
  // Up to the first gap, which a claim that failed may have left: the writer leaves none behind what was compacted.
  let seq = end;
  let last: SegmentEntry | undefined;
  for (const segment of segments) {
    if (segment.seq < end) continue;
    if (segment.seq !== seq) break;
    last = segment;
    seq++;
  }
  if (last !== undefined && last.size <= MAX_FENCE_SEGMENT_BYTES) {
    const bytes = await backend.read(last.key, { signal, range: { offset: 0, length: MAX_FENCE_SEGMENT_BYTES + 1 } });
    if (isFenceSegment(bytes, runId, last)) return;
  }
  for (let names = 1; ; names = Math.min(2 * names, MAX_NAMES)) {
    signal.throwIfAborted();
    const takes = Array.from({ length: names }, async (_, i) => {
      const name = { writer, seq: seq + i };
      const bytes = encodeFenceSegment(runId, name, fence, by);
      return await createOrMatch(backend, segmentKey(runId, name), bytes, undefined);
    });
    // All of them: none may still be under way when the caller hears of a failure.
    const taken = await Promise.allSettled(takes);
    for (const take of taken) if (take.status === "rejected") throw take.reason;
    if (taken.some((take) => take.status === "fulfilled" && take.value)) return;
    seq += names;
  }
}
