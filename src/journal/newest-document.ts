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
import { segmentName, segmentsIn } from "./inventory.ts";
import { isSealDocument } from "./sealing.ts";

/** The newest document of a run, if it is usable, and the journals that it does not cover. */
export interface NewestDocument {
  readonly document: RunDocument | undefined;
  /** Whether the record of the document is that of the run: the journals hold no more records. */
  readonly isCurrent: boolean;
  /** By writer: the segments with records that are not compacted. */
  readonly more: ReadonlyMap<string, readonly SegmentEntry[]>;
  /** The objects that the document names, but that are lost. */
  readonly lost: readonly Damage[];
}

/** A document with its summaries that was read a moment ago. It is not read again if it still is the newest. */
export interface KnownDocument {
  readonly number: number;
  readonly document: RunDocument;
}

/** How often a run is read because listed objects were gone. */
const TRIES = 5;
/** The same, if another session closes the run again and again. */
const TRIES_WHILE_CLOSED = 50;

/**
 * Calls `read` with a listing of the run, and again with a new listing if listed objects were gone. `isConfirmed`: the
 * run was not closed since the listing before, so objects that are missing now are lost.
 */
export async function whileItChanges<T>(
  backend: Backend,
  runId: string,
  options: CallOptions | undefined,
  known: RunListing | undefined,
  read: (listing: RunListing, isConfirmed: boolean) => Promise<T>,
): Promise<T> {
  let before: number | undefined;
  let left = TRIES;
  for (let most = TRIES_WHILE_CLOSED; ; most--) {
    const listing = before === undefined && known ? known : await listRun(backend, runId, options);
    const isConfirmed = listing.newestDocument === before;
    try {
      return await read(listing, isConfirmed);
    } catch (error) {
      if (!LedgerError.hasCode(error, "NOT_FOUND")) throw error;
      if (isConfirmed || before === undefined) left--;
      before = listing.newestDocument;
      if (left === 0 || most === 1) {
        throw new LedgerError("CORRUPT", `run ${runId} names objects that are missing`, {
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
 * `isConfirmed`. `known`: the newest document as an earlier call returned it.
 */
export async function readNewestDocument(
  backend: Backend,
  runId: string,
  listing: RunListing,
  isConfirmed: boolean,
  options?: CallOptions,
  known?: RunDocument,
): Promise<NewestDocument> {
  const { newestDocument, writers, metrics } = listing;
  const nothing = { document: undefined, isCurrent: false, more: writers, lost: [] };
  if (newestDocument === 0) {
    assertNotLost(runId, listing, isConfirmed);
    return nothing;
  }
  const key = runDocumentKey(runId, newestDocument);
  const bare = known ?? (await readBareDocument(backend, runId, newestDocument, options)).document;
  if (bare === undefined) {
    if (metrics.length === 0) return nothing;
    throw new LedgerError("CORRUPT", `${key} is damaged, and the journals that it was made from may be gone`, { key });
  }
  const lostNow = lostObjects(runId, { document: bare, listing });
  if (lostNow.length > 0 && areJournalsWhole({ document: bare, listing })) return nothing;
  const lost = [...lostNow, ...lostBehindFences(runId, bare, listing)];
  assertConfirmed(lost, isConfirmed);
  const document = known ?? (await completeDocument(backend, runId, bare, options));
  const { compacted, record } = document;
  // Objects that were lost when the document was made may be back.
  const isOutdated = lost.length === 0 && record.damage.some(({ kind }) => kind === "missing");
  return {
    lost,
    document,
    isCurrent: !isOutdated && segmentsBeyond(document, writers).size === 0,
    more: segmentsThatCount(document, compacted ? segmentsBeyondCompaction(compacted, writers) : writers),
  };
}

/**
 * Throws if there are points, but neither a document nor journals: journals are removed only once a document names the
 * points.
 */
function assertNotLost(runId: string, { metrics, writers }: RunListing, isConfirmed: boolean): void {
  const counts = (segments: readonly SegmentEntry[]): boolean => segments.some(({ end }) => end !== 0);
  if (metrics.length === 0 || [...writers.values()].some(counts)) return;
  const key = runDocumentKey(runId, 1);
  const message = `${key} is missing, and so are the journals that it was made from`;
  throw new LedgerError(isConfirmed ? "CORRUPT" : "NOT_FOUND", message, { key });
}

/** Throws `NOT_FOUND` for a loss that a second listing must confirm: an old listing may lack objects that exist. */
export function assertConfirmed([first]: readonly Damage[], isConfirmed: boolean): void {
  if (first && !isConfirmed) throw new LedgerError("NOT_FOUND", first.message, { key: first.key });
}

/** Returns the segments without those that came after a run was sealed. */
function segmentsThatCount(
  document: Pick<RunDocument, "objects">,
  writers: ReadonlyMap<string, readonly SegmentEntry[]>,
): ReadonlyMap<string, readonly SegmentEntry[]> {
  if (!isSealDocument(document)) return writers;
  const sealed = new Set(segmentsIn(document.objects).map(segmentName));
  const counted = [...writers].map(
    ([writer, own]) => [writer, own.filter((each) => sealed.has(segmentName(each)))] as const,
  );
  return new Map(counted.filter(([, own]) => own.length > 0));
}

/** Returns the listed segments that hold more than the record of a document contains, by writer. */
export function segmentsBeyond(
  { objects, compacted }: Pick<RunDocument, "objects" | "compacted">,
  writers: ReadonlyMap<string, readonly SegmentEntry[]>,
): Map<string, SegmentEntry[]> {
  if (isSealDocument({ objects })) return new Map();
  const covered = new Map(segmentsIn(objects).map((each) => [segmentName(each), each.bytes]));
  const more = new Map<string, SegmentEntry[]>();
  for (const [writer, segments] of compacted ? segmentsBeyondCompaction(compacted, writers) : writers) {
    const own = segments.filter((each) => each.size > (covered.get(segmentName(each)) ?? -1));
    if (own.length > 0) more.set(writer, own);
  }
  return more;
}

/** Returns the listed segments that hold more than was compacted, by writer. */
function segmentsBeyondCompaction(
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
