import type { CatalogContext } from "../catalog/catalog-context.ts";
import { ClosedRuns } from "../catalog/closed-runs.ts";
import { SegmentCache } from "../catalog/segment-cache.ts";
import type { Segment } from "../catalog/segment.ts";
import { withCatalog } from "../catalog/with-catalog.ts";
import { concernsOneObject, type LedgerError } from "../errors/ledger-error.ts";
import { listRun } from "../journal/list-run.ts";
import { runPrefix } from "../journal/run-created.ts";
import { runDocumentKey } from "../journal/run-document.ts";
import { problemOf } from "./findings.ts";
import type { VerifyContext } from "./verify-objects.ts";

/** How many records of a segment are decoded at a time. */
const ROWS = 1024;
const ADVICE = "No run is affected: the catalogue is made from the runs. rebuildCatalog() makes it again";
const LOST_ADVICE = "The other runs are not affected. Restore it from a copy of the ledger";

/** The number of the newest document of a run, or `undefined` for a run of which nothing is stored. */
export type DocumentOf = (id: string) => number | undefined;

/**
 * Reads every segment of the catalogue, decodes the records in it if data is read, and compares with the runs that are
 * stored: the catalogue knows how often each was closed.
 */
export async function verifyCatalog(
  context: VerifyContext,
  catalog: CatalogContext,
  documentOf: DocumentOf,
): Promise<void> {
  const { backend, findings, signal } = context;
  const tell = (error: LedgerError): void => {
    if (concernsOneObject(error) && error.key?.startsWith("experiments/") === true)
      findings.add(problemOf(error, error.key, ADVICE));
  };
  // With memory of its own: what the ledger has read before says nothing about the store.
  const fresh = { ...catalog, segments: new SegmentCache(backend), closedRuns: new ClosedRuns(), onError: tell };
  try {
    await withCatalog(
      fresh,
      undefined,
      signal,
      async ({ experiments }) => {
        for (const { segments, listing } of experiments) {
          for (const [id, { closed }] of listing.entries) await compare(context, documentOf, id, closed);
          for (const segment of segments) {
            await verifySegment(context, segment, documentOf);
            findings.count(0);
          }
        }
      },
      { joint: false },
    );
  } catch (error) {
    signal?.throwIfAborted();
    findings.add(problemOf(error, "experiments", ADVICE));
  }
}

async function verifySegment(context: VerifyContext, segment: Segment, documentOf: DocumentOf): Promise<void> {
  const { backend, findings, signal } = context;
  try {
    await segment.load(backend, ["run_id", "document"], 2, signal);
    const documents = segment.cells("document");
    for (let at = 0; at < segment.rows; at++)
      await compare(context, documentOf, segment.idAt(at), Number(documents?.at(at) ?? 0));
    if (!context.readsData()) return;
    for (let from = 0; from < segment.rows; from += ROWS) {
      const rows = Array.from({ length: Math.min(ROWS, segment.rows - from) }, (_, i) => from + i);
      await segment.records(backend, rows, 1, signal);
    }
  } catch (error) {
    signal?.throwIfAborted();
    findings.add(problemOf(error, segment.name.key, ADVICE));
  }
}

/** Adds a problem if the catalogue says that a run was closed by a document that is not there. */
async function compare(context: VerifyContext, documentOf: DocumentOf, id: string, document: number): Promise<void> {
  if (document === 0 || (documentOf(id) ?? 0) >= document) return;
  const { backend, findings, signal } = context;
  // It may have been closed since the runs were listed.
  const { created, newestDocument } = await listRun(backend, id, signal ? { signal } : {});
  if (newestDocument >= document) return;
  const key = created || newestDocument > 0 ? runDocumentKey(id, document) : runPrefix(id);
  const why = `the catalogue says that run ${id} was closed ${document === 1 ? "once" : `${document} times`}`;
  findings.add({ kind: "missing", key, message: `${key} is missing: ${why}. ${LOST_ADVICE}` });
}
