import type { Backend, CallOptions } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { Damage } from "./damage.ts";
import { areJournalsWhole, lostObjects, lostBehindFences } from "./lost-objects.ts";
import type { SegmentEntry } from "./segment.ts";
import { listRun, type RunListing } from "./list-run.ts";
import { completeDocument, readBareDocument } from "./read-run-document.ts";
import { type RunDocument, runDocumentKey } from "./run-document.ts";
import { ownValue } from "../bytes/dictionary.ts";
import { type Compacted, isCompacted } from "./compacted.ts";
import { segmentsIn } from "./inventory.ts";

/** The newest document of a run, as far as it is of use, and what of the journals is not in it. */
export interface NewestDocument {
  readonly document: RunDocument | undefined;
  /** The document's record is that of the run: the journals hold no more. */
  readonly isCurrent: boolean;
  /** Segments with records that are not compacted. */
  readonly more: ReadonlyMap<string, readonly SegmentEntry[]>;
  /** What the document says is there and is not. */
  readonly lost: readonly Damage[];
}

/** How often a run is listed anew when it was compacted while it was being read. */
const TRIES = 5;

/**
 * Calls `read` with the run as listed, and again with a new listing when objects of it were gone. `isConfirmed`: it is
 * not the first time, so that what is not there now is lost.
 */
export async function whileItChanges<T>(
  backend: Backend,
  runId: string,
  options: CallOptions | undefined,
  known: RunListing | undefined,
  read: (listing: RunListing, isConfirmed: boolean) => Promise<T>,
): Promise<T> {
  for (let left = TRIES; ; left--) {
    const listing = left === TRIES && known ? known : await listRun(backend, runId, options);
    try {
      return await read(listing, left < TRIES);
    } catch (error) {
      if (!LedgerError.hasCode(error, "NOT_FOUND")) throw error;
      if (left === 1) {
        throw new LedgerError("CORRUPT", `objects of run ${runId} are named and are not there`, {
          ...(error.key !== undefined && { key: error.key }),
          cause: error,
        });
      }
    }
  }
}

/**
 * Reads the newest document. `CORRUPT` when it is damaged and the journals may be gone, or when both are gone; while
 * nothing was compacted the journals hold everything, and a damaged document is passed over. So is one that names
 * objects that are not there, if all journals are. `NOT_FOUND` for objects that are not there unless that
 * `isConfirmed`.
 */
export async function readNewestDocument(
  backend: Backend,
  runId: string,
  listing: RunListing,
  isConfirmed: boolean,
  options?: CallOptions,
): Promise<NewestDocument> {
  const { newestDocument, writers, metrics } = listing;
  const nothing = { document: undefined, isCurrent: false, more: writers, lost: [] };
  if (newestDocument === 0) {
    assertNotLost(runId, listing, isConfirmed);
    return nothing;
  }
  const key = runDocumentKey(runId, newestDocument);
  const { document: bare } = await readBareDocument(backend, runId, newestDocument, options);
  if (bare === undefined) {
    if (metrics.length === 0) return nothing;
    throw new LedgerError("CORRUPT", `${key} is damaged, and the journals it was made from may be gone`, { key });
  }
  const lostNow = lostObjects(runId, { document: bare, listing });
  if (lostNow.length > 0 && areJournalsWhole({ document: bare, listing })) return nothing;
  const lost = [...lostNow, ...lostBehindFences(runId, bare, listing)];
  assertConfirmed(lost, isConfirmed);
  const document = await completeDocument(backend, runId, bare, options);
  const { compacted, record } = document;
  // What was lost when the document was made may be back.
  const isOutdated = lost.length === 0 && record.damage.some(({ kind }) => kind === "missing");
  return {
    lost,
    document,
    isCurrent: !isOutdated && segmentsBeyond(document, writers).size === 0,
    more: compacted ? segmentsBeyondCompaction(compacted, writers) : writers,
  };
}

/**
 * Journals are removed only once a document names the points that were made from them: points alone show that it is
 * gone.
 */
function assertNotLost(runId: string, { metrics, writers }: RunListing, isConfirmed: boolean): void {
  const counts = (segments: readonly SegmentEntry[]): boolean => segments.some(({ end }) => end !== 0);
  if (metrics.length === 0 || [...writers.values()].some(counts)) return;
  const key = runDocumentKey(runId, 1);
  const message = `${key} is not there, and neither are the journals it was made from`;
  throw new LedgerError(isConfirmed ? "CORRUPT" : "NOT_FOUND", message, { key });
}

/** A listing that is behind, or was taken while a run was compacted, lacks objects that are there. */
export function assertConfirmed([first]: readonly Damage[], isConfirmed: boolean): void {
  if (first && !isConfirmed) throw new LedgerError("NOT_FOUND", first.message, { key: first.key });
}

/** The segments as listed that hold more than the record of a document contains, by writer. */
export function segmentsBeyond(
  { objects, compacted }: Pick<RunDocument, "objects" | "compacted">,
  writers: ReadonlyMap<string, readonly SegmentEntry[]>,
): Map<string, SegmentEntry[]> {
  const covered = new Map(segmentsIn(objects).map(({ writer, seq, bytes }) => [`${writer}.${seq}`, bytes]));
  const more = new Map<string, SegmentEntry[]>();
  for (const [writer, segments] of compacted ? segmentsBeyondCompaction(compacted, writers) : writers) {
    const own = segments.filter(({ seq, size }) => size > (covered.get(`${writer}.${seq}`) ?? -1));
    if (own.length > 0) more.set(writer, own);
  }
  return more;
}

/** The segments as listed that hold more than was compacted, by writer. */
export function segmentsBeyondCompaction(
  { ends }: Compacted,
  writers: ReadonlyMap<string, readonly SegmentEntry[]>,
): Map<string, SegmentEntry[]> {
  const more = new Map<string, SegmentEntry[]>();
  for (const [writer, segments] of writers) {
    const own = segments.filter(({ seq, size }) => !isCompacted(ownValue(ends, writer), seq, size));
    if (own.length > 0) more.set(writer, own);
  }
  return more;
}
