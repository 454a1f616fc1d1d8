import type { Backend, CallOptions } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { beyond, beyondCompacted } from "./decode-run-document.ts";
import type { Damage } from "./damage.ts";
import {
  areJournalsWhole,
  lostBehindFences,
  lostObjects,
  lostRecords,
  uniteDamage,
  withDamage,
} from "./lost-objects.ts";
import { foldRun } from "./fold-run.ts";
import type { SegmentEntry } from "./list-segments.ts";
import { listingMark, listRun, type RunListing } from "./list-run.ts";
import { readFolds } from "./read-folds.ts";
import { completeDocument, readBareDocument } from "./read-run-document.ts";
import type { RunCreated } from "./run-created.ts";
import { type RunDocument, runDocumentKey } from "./run-document.ts";
import type { RunRecord } from "./run-record.ts";
import type { WriterFold } from "./writer-fold.ts";
import { areWritersAlive } from "./writers-alive.ts";

/** The newest document of a run, as far as it is of use, and what of the journals is not in it. */
export interface Beginning {
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
 * Calls `read` with the run as listed, and again with a new listing when objects of it were gone. `isConfirmed`: it is not the first time,
 * so that what is not there now is lost.
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
 * Reads the newest document. `CORRUPT` when it is damaged and the journals may be gone, or when both are gone; while nothing was
 * compacted the journals hold everything, and a damaged document is passed over. So is one that names objects that are not there, if all journals are.
 * `NOT_FOUND` for objects that are not there unless that `isConfirmed`.
 */
export async function readBeginning(
  backend: Backend,
  runId: string,
  listing: RunListing,
  isConfirmed: boolean,
  options?: CallOptions,
): Promise<Beginning> {
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
    isCurrent: !isOutdated && beyond(document, writers).size === 0,
    more: compacted ? beyondCompacted(compacted, writers) : writers,
  };
}

/** Journals are removed only once a document names the points that were made from them: points alone show that it is gone. */
function assertNotLost(runId: string, { metrics, writers }: RunListing, isConfirmed: boolean): void {
  const counts = (segments: readonly SegmentEntry[]): boolean => segments.some(({ end }) => end !== 0);
  if (metrics.length === 0 || [...writers.values()].some(counts)) return;
  const key = runDocumentKey(runId, 1);
  const message = `${key} is not there, and neither are the journals it was made from`;
  throw new LedgerError(isConfirmed ? "CORRUPT" : "NOT_FOUND", message, { key });
}

/** A listing that is behind, or was taken while a run was compacted, lacks objects that are there. */
function assertConfirmed([first]: readonly Damage[], isConfirmed: boolean): void {
  if (first && !isConfirmed) throw new LedgerError("NOT_FOUND", first.message, { key: first.key });
}

/** All of a run but its points. */
export interface RunState {
  readonly listing: RunListing;
  readonly document: RunDocument | undefined;
  /** The document's record is that of the run: the journals hold no more. */
  readonly isCurrent: boolean;
  /** Segments with records that are not compacted. */
  readonly more: ReadonlyMap<string, readonly SegmentEntry[]>;
  readonly folds: readonly WriterFold[];
  /** What was there once, and is not. */
  readonly lost: readonly Damage[];
}

/** Folds a run, all writers but `except`. `allMedia`: with all rich values that are not compacted, whatever their number. */
export async function readRunState(
  backend: Backend,
  created: RunCreated,
  {
    signal,
    listing,
    except,
    allMedia = false,
  }: CallOptions & { readonly listing?: RunListing; readonly except?: string; readonly allMedia?: boolean } = {},
): Promise<RunState> {
  const options = signal ? { signal } : undefined;
  return await whileItChanges(backend, created.id, options, listing, async (listed, isConfirmed) => {
    const beginning = await readBeginning(backend, created.id, listed, isConfirmed, options);
    const { document, more, lost } = beginning;
    const wanted = new Map([...more].filter(([writer]) => writer !== except));
    const known = document?.compacted?.writers;
    const folds = await readFolds(backend, created, wanted, { ...options, allMedia }, known);
    const lostToo = lostRecords(created.id, folds, listed, except);
    assertConfirmed(lostToo, isConfirmed);
    return {
      listing: listed,
      ...beginning,
      lost: uniteDamage(lost, lostToo),
      folds: folds.filter(({ writer }) => writer !== except),
    };
  });
}

/** The record of a run as it was read. */
export interface ReadRecord {
  readonly record: RunRecord;
  /** What it was read from. */
  readonly listing: RunListing;
  /** It is that of the newest document. */
  readonly isSettled: boolean;
}

/**
 * The record of a run: of its newest document if the journals hold no more, else folded. A run that no writer closed reads as
 * `interrupted` if all writers are certainly gone, which costs one more listing: they may have recorded something before they went.
 */
export async function readRecord(
  backend: Backend,
  runId: string,
  readCreated: () => Promise<RunCreated>,
  { signal, listing }: CallOptions & { readonly listing?: RunListing | undefined } = {},
): Promise<ReadRecord> {
  const options = signal ? { signal } : undefined;
  for (let known = listing; ;) {
    const read = await whileItChanges(backend, runId, options, known, async (listed, isConfirmed) => {
      const { document, isCurrent, more, lost } = await readBeginning(backend, runId, listed, isConfirmed, options);
      if (document && isCurrent && document.record.status !== "running")
        return { record: withDamage(document.record, lost), listing: listed, isSettled: lost.length === 0 };
      const created = await readCreated();
      const folds = await readFolds(backend, created, more, options, document?.compacted?.writers);
      const lostToo = lostRecords(runId, folds, listed);
      assertConfirmed(lostToo, isConfirmed);
      const record = withDamage(foldRun(created, folds), uniteDamage(lost, lostToo));
      return { record, listing: listed, isSettled: false, created, folds };
    });
    const { created, folds, ...result } = read;
    if (created === undefined || result.record.status !== "running") return result;
    if ((await areWritersAlive(backend, created, folds, read.listing.fences)) !== "gone") return result;
    known = await listRun(backend, runId, options);
    if (listingMark(known) === listingMark(read.listing))
      return { ...result, record: { ...foldRun(created, folds, { gone: true }), damage: result.record.damage } };
  }
}
