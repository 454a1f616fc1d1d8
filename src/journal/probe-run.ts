import type { Backend, CallOptions, Entry } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { isFinal, toEntries } from "./inventory.ts";
import { lifecycleKey, MAX_LIFECYCLE_NUMBER } from "./lifecycle.ts";
import { readBareDocument } from "./read-run-document.ts";
import { runCreatedKey } from "./run-created.ts";
import { MAX_DOCUMENT_NUMBER, runDocumentKey } from "./run-document.ts";

/**
 * Returns the highest number of objects that are numbered from 1 without gaps, 0 if there are none. It costs about
 * twice as many requests as the number has binary digits. `most`: the highest number that writers use.
 */
async function newestNumber(has: (n: number) => Promise<boolean>, most: number): Promise<number> {
  let low = 0;
  let high = 1;
  while (high <= most && (await has(high))) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle <= most && (await has(middle))) low = middle;
    else high = middle;
  }
  return low;
}

/** Returns the number of the newest document of a run, 0 if there is none, without listing the run. */
export async function probeDocuments(backend: Backend, runId: string, options?: CallOptions): Promise<number> {
  const has = async (n: number): Promise<boolean> =>
    (await backend.stat(runDocumentKey(runId, n), options)) !== undefined;
  return await newestNumber(has, MAX_DOCUMENT_NUMBER);
}

/**
 * Returns the number of the newest marker that says whether a run is deleted, 0 if there is none, without listing the
 * run.
 */
export async function probeLifecycle(backend: Backend, runId: string, options?: CallOptions): Promise<number> {
  const has = async (n: number): Promise<boolean> =>
    (await backend.stat(lifecycleKey(runId, n), options)) !== undefined;
  return await newestNumber(has, MAX_LIFECYCLE_NUMBER);
}

/**
 * Returns what a listing of a closed run would show, for a backend that cannot list: the newest document, its inventory
 * and the newest marker of deletion. A session that began after the close does not show until it closes the run again.
 * Returns nothing for a run that does not exist. Throws `UNSUPPORTED` for a run that is not closed, and `CORRUPT` if
 * its newest document is damaged.
 */
export async function probeRun(backend: Backend, runId: string, options?: CallOptions): Promise<Entry[]> {
  const n = await probeDocuments(backend, runId, options);
  if (n === 0) {
    if ((await backend.stat(runCreatedKey(runId), options)) === undefined) return [];
    throw needsListing(backend, runId);
  }
  const key = runDocumentKey(runId, n);
  const { bytes, document } = await readBareDocument(backend, runId, n, options);
  if (document === undefined) throw new LedgerError("CORRUPT", `${key} is damaged`, { key });
  if (!isFinal(document)) throw needsListing(backend, runId);
  const marker = await probeLifecycle(backend, runId, options);
  return [
    ...toEntries(runId, document.objects),
    { key, size: bytes.length },
    ...(marker > 0 ? [{ key: lifecycleKey(runId, marker), size: 0 }] : []),
  ];
}

function needsListing({ name }: Backend, runId: string): LedgerError {
  const message =
    `run ${runId} is not closed, or a part of it is lost: only a listing shows its objects, ` +
    `and the ${name} backend cannot list`;
  return new LedgerError("UNSUPPORTED", message, { key: runCreatedKey(runId), operation: "list" });
}
