import type { Backend, CallOptions } from "../backend/backend.ts";
import { LedgerError } from "../backend/error.ts";
import { beyond, beyondCompacted } from "./decode-run-document.ts";
import { foldRun } from "./fold.ts";
import type { SegmentEntry } from "./list-segments.ts";
import { listingMark, listRun, type RunListing } from "./list-run.ts";
import { readFolds } from "./read-folds.ts";
import { readRunDocument } from "./read-run-document.ts";
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
}

/** How often a run is listed anew when it was compacted while it was being read. */
const TRIES = 5;

/** Calls `read` with the run as listed, and again with a new listing when objects of it were gone. */
export async function whileItChanges<T>(
  backend: Backend,
  runId: string,
  options: CallOptions | undefined,
  known: RunListing | undefined,
  read: (listing: RunListing) => Promise<T>,
): Promise<T> {
  for (let left = TRIES; ; left--) {
    const listing = left === TRIES && known ? known : await listRun(backend, runId, options);
    try {
      return await read(listing);
    } catch (error) {
      if (!LedgerError.hasCode(error, "NOT_FOUND")) throw error;
      if (left === 1) {
        throw new LedgerError("IO", `objects of run ${runId} are listed and are not there`, {
          ...(error.key !== undefined && { key: error.key }),
          cause: error,
        });
      }
    }
  }
}

/**
 * Reads the newest document. `CORRUPT` when it is damaged and the journals may be gone; while nothing was compacted they
 * hold everything, and it is passed over.
 */
export async function readBeginning(
  backend: Backend,
  runId: string,
  listing: RunListing,
  options?: CallOptions,
): Promise<Beginning> {
  const { newestDocument, writers, metrics } = listing;
  const nothing = { document: undefined, isCurrent: false, more: writers };
  if (newestDocument === 0) return nothing;
  const key = runDocumentKey(runId, newestDocument);
  const document = await readRunDocument(backend, runId, newestDocument, options);
  if (document === undefined) {
    if (metrics.length === 0) return nothing;
    throw new LedgerError("CORRUPT", `${key} is damaged, and the journals it was made from may be gone`, { key });
  }
  const { covers, compacted } = document;
  return {
    document,
    isCurrent: beyond(covers, writers).size === 0,
    more: compacted ? beyondCompacted(compacted, writers) : writers,
  };
}

/** All of a run but its points. */
export interface RunState {
  readonly listing: RunListing;
  readonly document: RunDocument | undefined;
  /** Segments with records that are not compacted. */
  readonly more: ReadonlyMap<string, readonly SegmentEntry[]>;
  readonly folds: readonly WriterFold[];
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
  return await whileItChanges(backend, created.id, options, listing, async (listed) => {
    const { document, more } = await readBeginning(backend, created.id, listed, options);
    const wanted = new Map([...more].filter(([writer]) => writer !== except));
    const known = document?.compacted?.writers;
    const folds = await readFolds(backend, created, wanted, { ...options, allMedia }, known);
    return { listing: listed, document, more, folds: folds.filter(({ writer }) => writer !== except) };
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
    const read = await whileItChanges(backend, runId, options, known, async (listed) => {
      const { document, isCurrent, more } = await readBeginning(backend, runId, listed, options);
      if (document && isCurrent && document.record.status !== "running")
        return { record: document.record, listing: listed, isSettled: true };
      const created = await readCreated();
      const folds = await readFolds(backend, created, more, options, document?.compacted?.writers);
      return { record: foldRun(created, folds), listing: listed, isSettled: false, created, folds };
    });
    const { created, folds, ...result } = read;
    if (created === undefined || result.record.status !== "running") return result;
    if ((await areWritersAlive(backend, created, folds, read.listing.fences)) !== "gone") return result;
    known = await listRun(backend, runId, options);
    if (listingMark(known) === listingMark(read.listing))
      return { ...result, record: foldRun(created, folds, { gone: true }) };
  }
}
