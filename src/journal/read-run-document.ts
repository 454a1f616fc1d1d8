import type { Backend, CallOptions } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { readBounded } from "../backend/read-bounded.ts";
import type { Compacted } from "./compacted.ts";
import type { WriterSummaries } from "./compacted-items.ts";
import { decodeRunDocument } from "./decode-run-document.ts";
import { foldMetrics } from "./fold-run.ts";
import { summariseMedia } from "./media-entries.ts";
import { MAX_DOCUMENT_BYTES, type RunDocument, runDocumentKey } from "./run-document.ts";
import type { RunRecord } from "./run-record.ts";

const compactedItems = /* @__PURE__ */ onDemand(() => import("./compacted-items.ts"));

/**
 * Reads the `n`-th document of a run with its summaries. Returns `undefined` if the document is damaged. Rejects with
 * `NOT_FOUND` if the document, or the object with its summaries, does not exist, and with `CORRUPT` if that object is
 * damaged.
 */
export async function readRunDocument(
  backend: Backend,
  runId: string,
  n: number,
  options: CallOptions = {},
): Promise<RunDocument | undefined> {
  const { document } = await readBareDocument(backend, runId, n, options);
  return document && (await completeDocument(backend, runId, document, options));
}

/** Returns a document of {@link readBareDocument} with its summaries. Rejects like {@link readRunDocument}. */
export async function completeDocument(
  backend: Backend,
  runId: string,
  document: RunDocument,
  options: CallOptions = {},
): Promise<RunDocument> {
  const { record, compacted, summaries } = document;
  if (summaries === undefined && compacted?.summaries === undefined) return document;
  // Only runs with very many metrics load this.
  const { readSummaries } = await compactedItems();
  const found = summaries && (await readSummaries(backend, runId, summaries, options));
  const foundCompacted =
    compacted?.summaries?.name === summaries?.name
      ? found
      : compacted?.summaries && (await readSummaries(backend, runId, compacted.summaries, options));
  return {
    ...document,
    record: found ? complete(record, found) : record,
    compacted: compacted && foundCompacted ? withSummaries(compacted, foundCompacted) : compacted,
  };
}

/**
 * Reads a document without its summaries. Returns it as `undefined` if it is damaged. Rejects with `NOT_FOUND`.
 */
export async function readBareDocument(
  backend: Backend,
  runId: string,
  n: number,
  options: CallOptions = {},
): Promise<{ readonly bytes: Uint8Array; readonly document: RunDocument | undefined }> {
  try {
    const bytes = await readBounded(backend, runDocumentKey(runId, n), MAX_DOCUMENT_BYTES, options);
    return { bytes, document: decodeRunDocument(bytes, runId) };
  } catch (error) {
    // The object is longer than any document.
    if (LedgerError.hasCode(error, "CORRUPT")) return { bytes: new Uint8Array(), document: undefined };
    throw error;
  }
}

function complete(record: RunRecord, found: ReadonlyMap<string, WriterSummaries>): RunRecord {
  // The object has the writers in their order.
  const folds = [...found].map(([writer, { metrics, media }], order) => ({ writer, order, summaries: metrics, media }));
  const media = summariseMedia(folds);
  return { ...record, metrics: foldMetrics(folds, record.metricDefinitions), ...(media && { media }) };
}

function withSummaries(compacted: Compacted, found: ReadonlyMap<string, WriterSummaries>): Compacted {
  const writers = compacted.writers.map((fold) => {
    const own = found.get(fold.writer);
    return own ? { ...fold, summaries: own.metrics, media: own.media } : fold;
  });
  return { ...compacted, writers };
}
