import type { Backend } from "../backend/backend.ts";
import { LedgerError, describeType } from "../backend/error.ts";
import { foldRun } from "../journal/fold.ts";
import { readFolds } from "../journal/read-folds.ts";
import { coversAll, decodeRunDocument } from "../journal/decode-run-document.ts";
import { decodeRunCreated } from "../journal/decode-run-created.ts";
import { type RunCreated, runCreatedKey } from "../journal/run-created.ts";
import { runDocumentKey } from "../journal/run-document.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import { listRun, type RunListing } from "../run/close-run.ts";
import { ID_PATTERN } from "../run/ids.ts";

/** Throws `RUN_NOT_FOUND` for anything that cannot be the id of a run. */
export function checkRunId(id: unknown): string {
  if (typeof id !== "string") {
    throw new LedgerError("INVALID_ARGUMENT", `a run id must be a string, but is of type ${describeType(id)}`, {
      field: "id",
      received: describeType(id),
    });
  }
  if (!ID_PATTERN.test(id)) throw runNotFound(id);
  return id;
}

/** How a run began. `RUN_NOT_FOUND`, or `CORRUPT` when its first object is damaged. */
export async function readRunCreated(backend: Backend, id: string, signal?: AbortSignal): Promise<RunCreated> {
  checkRunId(id);
  try {
    return decodeRunCreated(await backend.read(runCreatedKey(id), signal ? { signal } : {}), id);
  } catch (error) {
    throw LedgerError.hasCode(error, "NOT_FOUND") ? runNotFound(id) : error;
  }
}

/** The record of a run: its newest document if that covers all there is, else the fold of its journals. */
export async function readRun(
  backend: Backend,
  id: string,
  signal?: AbortSignal,
  known?: RunListing,
): Promise<RunRecord> {
  checkRunId(id);
  const listing = known ?? (await listRun(backend, id, signal));
  if (listing.newestDocument > 0) {
    const bytes = await backend.read(runDocumentKey(id, listing.newestDocument), signal ? { signal } : {});
    const document = decodeRunDocument(bytes, id);
    if (document && coversAll(document.covers, listing.writers)) return document.record;
  }
  return (await foldListed(backend, id, listing, signal)).record;
}

/** The fold of a run's journals, whatever documents there are. */
export async function foldListed(
  backend: Backend,
  id: string,
  listing: RunListing,
  signal?: AbortSignal,
): Promise<{ created: RunCreated; folds: WriterFold[]; record: RunRecord }> {
  const created = await readRunCreated(backend, id, signal);
  const folds = await readFolds(backend, created, listing.writers, signal ? { signal } : {});
  return { created, folds, record: foldRun(created, folds) };
}

function runNotFound(id: string): LedgerError {
  const shown = id.length > 80 ? `${id.slice(0, 80)}…` : id;
  return new LedgerError("RUN_NOT_FOUND", `there is no run ${JSON.stringify(shown)} in this ledger`, {
    field: "id",
    received: "string",
  });
}
