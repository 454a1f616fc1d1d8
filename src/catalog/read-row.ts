import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../backend/error.ts";
import { decodeRunCreated } from "../journal/decode-run-created.ts";
import { decodeRunDocument } from "../journal/decode-run-document.ts";
import { readLifecycle, withDeletedAt } from "../journal/lifecycle.ts";
import { listRun } from "../journal/list-run.ts";
import { runCreatedKey } from "../journal/run-created.ts";
import { runDocumentKey } from "../journal/run-document.ts";
import { readRecord } from "../journal/run-state.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { isOpen, type Touched } from "./list-catalog.ts";

/** A run as its own objects tell it. `NOT_FOUND` when there is none, `CORRUPT` when it cannot be read. */
export async function readRow(backend: Backend, id: string, signal: AbortSignal | undefined): Promise<CatalogRow> {
  const call = signal ? { signal } : {};
  const listing = await listRun(backend, id, call);
  const readCreated = async () => decodeRunCreated(await backend.read(runCreatedKey(id), call), id);
  const record = await readRecord(backend, id, readCreated, { listing, ...call });
  const deletedAt = await readLifecycle(backend, id, listing.lifecycle, call);
  return { record: withDeletedAt(record, deletedAt), document: listing.newestDocument, marker: listing.lifecycle };
}

/** {@link readRow} of a run with entries: of one that is closed its document alone is read, in one request. */
export async function readTouched(
  backend: Backend,
  id: string,
  touched: Touched,
  signal: AbortSignal | undefined,
): Promise<CatalogRow> {
  // Only the first document: the row of a later one may have a marker that nothing here tells of.
  if (!isOpen(touched) && touched.closed === 1 && touched.marked === 0) {
    try {
      const bytes = await backend.read(runDocumentKey(id, 1), signal ? { signal } : {});
      const document = decodeRunDocument(bytes, id);
      if (document) return { record: withDeletedAt(document.record, undefined), document: 1, marker: 0 };
    } catch (error) {
      if (!LedgerError.hasCode(error, "NOT_FOUND")) throw error;
    }
  }
  return await readRow(backend, id, signal);
}

/** What `read` gives; nothing for a run that is not there, and for one that cannot be read, of which `onError` is told. */
export async function unlessDamaged<T>(
  onError: (error: LedgerError) => void,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    if (!LedgerError.hasCode(error, "CORRUPT") && !LedgerError.hasCode(error, "FORMAT_TOO_NEW")) throw error;
    onError(error);
    return undefined;
  }
}
