import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { readLifecycle, withDeletedAt } from "../journal/lifecycle.ts";
import { listRun } from "../journal/list-run.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import { readRunDocument } from "../journal/read-run-document.ts";
import { type RunCreated, runPrefix } from "../journal/run-created.ts";
import { readRecord } from "../journal/run-state.ts";
import type { UnreadableRuns } from "../journal/unreadable-runs.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { isRunRecord } from "../journal/is-run-record.ts";
import { experimentPrefix } from "./catalog-entry.ts";
import type { RunEntries } from "./list-catalog.ts";
import { fitsSegment } from "./segment-limits.ts";

export interface ReadRow extends CatalogRow {
  /** The newest document of the run holds all that there is of it. */
  readonly isSettled: boolean;
}

/** A run that has entries, as it was read. */
export interface ReadLoose extends CatalogRow {
  readonly entries: RunEntries;
  /** Nobody writes to the run, so a segment may have it. */
  readonly isClosed: boolean;
}

/** A run as its own objects tell it. `NOT_FOUND` when there is none, `CORRUPT` when it cannot be read. */
export async function readRow(backend: Backend, id: string, signal: AbortSignal | undefined): Promise<ReadRow> {
  const call = signal ? { signal } : {};
  const first = await listRun(backend, id, call);
  // Of a run that is about to begin, or never did, there is nothing: it need not be listed over and over.
  const begun = first.newestDocument === 0 ? await readRunBeginning(backend, id, call) : undefined;
  const readCreated = async (): Promise<RunCreated> => begun ?? (await readRunBeginning(backend, id, call));
  const { record, listing, isSettled } = await readRecord(backend, id, readCreated, { ...call, listing: first });
  const { newestDocument, lifecycle } = listing;
  const deletedAt = await readLifecycle(backend, id, lifecycle, call);
  if (!isRunRecord(record))
    throw new LedgerError("CORRUPT", `what is stored of run ${id} is no record of a run`, { key: runPrefix(id) });
  return { record: withDeletedAt(record, deletedAt), document: newestDocument, marker: lifecycle, isSettled };
}

/** {@link readRow} of a run with entries: of one that is closed its document alone is read, in one request. */
async function readWithEntries(
  backend: Backend,
  id: string,
  entries: RunEntries,
  signal: AbortSignal | undefined,
): Promise<ReadRow> {
  // Only while no segment has the run: later there may be markers that no entry tells of any more.
  if (entries.open === 0 && entries.closed === 1 && entries.marked === 0) {
    try {
      const document = await readRunDocument(backend, id, 1, signal ? { signal } : {});
      // What was lost when the document was made may be back.
      if (document && isRunRecord(document.record) && document.record.damage.every(({ kind }) => kind !== "missing"))
        return { record: withDeletedAt(document.record, undefined), document: 1, marker: 0, isSettled: true };
    } catch (error) {
      if (!LedgerError.hasCode(error, "NOT_FOUND")) throw error;
    }
  }
  return await readRow(backend, id, signal);
}

/**
 * Whether a segment may have the row, in place of what the entries of its run tell: nobody goes on with the run, nothing that was
 * entered is newer, which a listing that is behind may not have shown, and its record is not too large.
 */
export function isClosed({ record, document, marker, isSettled }: ReadRow, entries: RunEntries | undefined): boolean {
  const { closed, open, marked } = entries ?? { closed: 0, open: -1, marked: 0 };
  const isNewest = document >= closed && document > open && marker >= marked;
  return isSettled && record.status !== "running" && isNewest && fitsSegment(record);
}

/** Reads a run that has entries below `prefix`; returns `undefined` for a run that cannot be read, or is not there. */
export async function readLoose(
  backend: Backend,
  prefix: string,
  [id, entries]: [string, RunEntries],
  unreadable: UnreadableRuns,
  signal: AbortSignal,
): Promise<ReadLoose | undefined> {
  // A run that is not there is about to begin, or its beginning failed.
  const row = await unreadable.unless(id, () => readWithEntries(backend, id, entries, signal));
  // A run of another experiment has entries there.
  if (row === undefined || experimentPrefix(row.record.experiment) !== prefix) return undefined;
  return { ...row, entries, isClosed: isClosed(row, entries) };
}
