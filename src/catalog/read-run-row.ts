import type { Backend, CallOptions } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { readLifecycle, withDeletedAt } from "../journal/lifecycle.ts";
import { isFinal } from "../journal/inventory.ts";
import type { KnownRun } from "../journal/known-run.ts";
import { listRun, type RunListing } from "../journal/list-run.ts";
import { wasPurged } from "../journal/purged.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import { readRunDocument } from "../journal/read-run-document.ts";
import { type RunCreated, runPrefix } from "../journal/run-created.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { readRecord } from "../journal/run-state.ts";
import type { UnreadableRuns } from "../journal/unreadable-runs.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { isRunRecord } from "../journal/is-run-record.ts";
import { experimentPrefix } from "./catalog-entry.ts";
import type { RunEntries } from "./list-catalog.ts";
import type { RunMemory } from "./run-memory.ts";
import { fitsSegment, recordChars } from "./segment-limits.ts";

export interface ReadRow extends CatalogRow {
  /** True if the newest document of the run holds all its data. */
  readonly isSettled: boolean;
}

/** A run that has entries, read from its own objects. */
export interface ReadLoose extends CatalogRow {
  readonly entries: RunEntries;
  /** True if nobody writes to the run, so a segment may hold it. */
  readonly isClosed: boolean;
  /** True if an earlier call read the row. */
  readonly isRemembered?: boolean;
}

/**
 * Returns the row of a run, read from its own objects. `running`: what earlier calls read of running runs. Rejects with
 * `NOT_FOUND` if the run does not exist, and with `CORRUPT` if it cannot be read.
 */
export async function readRow(
  backend: Backend,
  id: string,
  signal: AbortSignal | undefined,
  running?: RunMemory<KnownRun>,
): Promise<ReadRow> {
  const call = signal ? { signal } : {};
  const known = running?.get(id);
  const first = await listUnpurged(backend, id, call);
  // Checks first that the run exists. A run that is about to begin, or never began, need not be listed again and again.
  const begun = first.newestDocument === 0 && !first.created ? await readRunBeginning(backend, id, call) : undefined;
  const readCreated = async (): Promise<RunCreated> => begun ?? (await readRunBeginning(backend, id, call));
  const read = await readRecord(backend, id, readCreated, {
    ...call,
    listing: first,
    known,
    byState: running !== undefined,
  });
  const { record, listing, isSettled } = read;
  if (read.known) running?.set(id, read.known, runningChars(record, read.known));
  else running?.forget(id);
  const { newestDocument, lifecycle } = listing;
  const deletedAt = await readLifecycle(backend, id, lifecycle, call);
  if (!isRunRecord(record))
    throw new LedgerError("CORRUPT", `the stored data of run ${id} is not the record of a run`, { key: runPrefix(id) });
  return { record: withDeletedAt(record, deletedAt), document: newestDocument, marker: lifecycle, isSettled };
}

/** Lists a run. Rejects with `NOT_FOUND` for a run that was purged. */
async function listUnpurged(backend: Backend, id: string, call: CallOptions): Promise<RunListing> {
  try {
    return await listRun(backend, id, call);
  } catch (cause) {
    if (!LedgerError.hasCode(cause, "RUN_NOT_FOUND") || !(await wasPurged(backend, id, call))) throw cause;
    throw new LedgerError("NOT_FOUND", cause.message, { key: runPrefix(id), cause });
  }
}

/** The approximate size of the description of a rich value. */
const MEDIA_CHARS = 300;

/** Returns the approximate number of characters that are remembered: the record, its folds and its document. */
function runningChars(record: RunRecord, { writers, document }: KnownRun): number {
  const media = [...writers.values()].reduce((sum, { fold }) => sum + (fold.mediaList?.length ?? 0), 0);
  return recordChars(record) * (document ? 3 : 1) + media * MEDIA_CHARS;
}

/** Returns {@link readRow} of a run with entries. Reads only the document of a closed run, in one request. */
async function readWithEntries(
  backend: Backend,
  id: string,
  entries: RunEntries,
  signal: AbortSignal | undefined,
  running: RunMemory<KnownRun> | undefined,
): Promise<ReadRow> {
  // Only while no segment has the run. Later the run may have markers whose entries were removed.
  if (entries.open === 0 && entries.closed === 1 && entries.marked === 0) {
    try {
      const document = await readRunDocument(backend, id, 1, signal ? { signal } : {});
      // A writer that has not ended may continue, and objects that were missing when the document was made may be back.
      if (document && isRunRecord(document.record) && isFinal(document)) {
        running?.forget(id);
        return { record: withDeletedAt(document.record, undefined), document: 1, marker: 0, isSettled: true };
      }
    } catch (error) {
      if (!LedgerError.hasCode(error, "NOT_FOUND")) throw error;
    }
  }
  return await readRow(backend, id, signal, running);
}

/**
 * Returns whether a segment may hold the row and replace the entries of its run. That requires that nobody writes to
 * the run, that no entry is newer than the row (a stale listing of the run may lack objects), and that the record is
 * not too large.
 */
export function isClosed({ record, document, marker, isSettled }: ReadRow, entries: RunEntries | undefined): boolean {
  const { closed, open, marked } = entries ?? { closed: 0, open: -1, marked: 0 };
  const isNewest = document >= closed && document > open && marker >= marked;
  return isSettled && record.status !== "running" && isNewest && fitsSegment(record);
}

/** Reads a run that has entries below `prefix`. Returns `undefined` for a run that cannot be read or does not exist. */
export async function readLoose(
  backend: Backend,
  prefix: string,
  [id, entries]: [string, RunEntries],
  unreadable: UnreadableRuns,
  signal: AbortSignal,
  running?: RunMemory<KnownRun>,
): Promise<ReadLoose | undefined> {
  // If the run does not exist, it is about to begin, or its start failed.
  const row = await unreadable.unless(id, () => readWithEntries(backend, id, entries, signal, running));
  // The entries may belong to a run of another experiment.
  if (row === undefined || experimentPrefix(row.record.experiment) !== prefix) return undefined;
  return { ...row, entries, isClosed: isClosed(row, entries) };
}
