import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../backend/error.ts";
import { foldRun } from "../journal/fold.ts";
import { groupSegments, type SegmentEntry } from "../journal/list-segments.ts";
import { type RunCreated, runPrefix } from "../journal/run-created.ts";
import { encodeRunDocument, parseRunDocumentKey, runDocumentKey } from "../journal/run-document.ts";
import type { WriterFold } from "../journal/writer-fold.ts";

/** The objects of a run, as listed. */
export interface RunListing {
  readonly writers: ReadonlyMap<string, readonly SegmentEntry[]>;
  /** Number of the newest run document, 0 when there is none. */
  readonly newestDocument: number;
}

export async function listRun(backend: Backend, runId: string, signal?: AbortSignal): Promise<RunListing> {
  const entries = [];
  let newestDocument = 0;
  for await (const entry of backend.list(runPrefix(runId), signal ? { signal } : {})) {
    entries.push(entry);
    newestDocument = Math.max(newestDocument, parseRunDocumentKey(entry.key) ?? 0);
  }
  return { writers: groupSegments(entries), newestDocument };
}

/** Reads the journals of the writers listed, all but `except`. */
export async function readWriters(
  backend: Backend,
  created: RunCreated,
  { writers }: RunListing,
  except?: string,
): Promise<WriterFold[]> {
  const wanted = new Map([...writers].filter(([writer]) => writer !== except));
  if (wanted.size === 0) return [];
  // Loaded only when it is needed: a run alone is closed without reading anything.
  const { readFolds } = await import("../journal/read-folds.ts");
  return await readFolds(backend, created, wanted);
}

/**
 * Writes the fold of a run as its next document. What it covers are the segments as they were listed when the folds were
 * read, and `own`, whose fold comes from memory: should the journals hold more, readers see it and read on.
 */
export async function writeRunDocument(
  backend: Backend,
  created: RunCreated,
  listing: RunListing,
  folds: readonly WriterFold[],
  own?: { readonly writer: string; readonly segments: readonly { readonly seq: number; readonly bytes: number }[] },
): Promise<void> {
  const covers = [...listing.writers]
    .filter(([writer]) => writer !== own?.writer)
    .map(([writer, segments]) => ({ writer, segments: segments.map(({ seq, size }) => ({ seq, bytes: size })) }));
  const bytes = encodeRunDocument({ record: foldRun(created, folds), covers: own ? [...covers, own] : covers });
  for (let n = listing.newestDocument + 1; ; n++) {
    try {
      return await backend.create(runDocumentKey(created.id, n), bytes);
    } catch (error) {
      // Another writer closed the run at the same time: both documents may stay.
      if (!LedgerError.hasCode(error, "EXISTS") || n > listing.newestDocument + 100) throw error;
    }
  }
}
