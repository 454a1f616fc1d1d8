import type { CatalogContext } from "../catalog/catalog-context.ts";
import type { Backend } from "../backend/backend.ts";
import { ClosedRuns } from "../catalog/closed-runs.ts";
import { SegmentCache } from "../catalog/segment-cache.ts";
import type { Segment } from "../catalog/segment.ts";
import { withCatalog } from "../catalog/with-catalog.ts";
import { concernsOneObject, LedgerError } from "../errors/ledger-error.ts";
import { listRun, type RunListing } from "../journal/list-run.ts";
import { lifecycleKey } from "../journal/lifecycle.ts";
import { runPrefix } from "../journal/run-created.ts";
import { runDocumentKey } from "../journal/run-document.ts";
import { problemOf } from "./findings.ts";
import type { VerifyContext } from "./verify-objects.ts";

/** How many records of a segment are decoded at a time. */
const ROWS = 1024;
const ADVICE = "No run is affected: the catalogue is made from the runs. rebuildCatalog() makes it again";
const LOST_ADVICE = "The other runs are not affected. Restore it from a copy of the ledger";

/** How often a run was closed, and how often it was deleted or restored. */
interface Counts {
  readonly document: number;
  readonly marker: number;
}

/** Returns the counts of a run that is stored. Zeros for one that is not. */
export type StoredOf = (id: string) => Counts;

/**
 * Reads every segment of the catalogue, decodes the records in it if data is read, and compares with the runs that are
 * stored: the catalogue knows how often each was closed and deleted.
 */
export async function verifyCatalog(
  context: VerifyContext,
  catalog: CatalogContext,
  storedOf: StoredOf,
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
          for (const [id, { closed, marked }] of listing.entries)
            // Entries come before their markers: the call that made the last one may have been interrupted in between.
            await compare(context, storedOf, id, { document: closed, marker: Math.max(marked - 1, 0) });
          for (const segment of segments) {
            await verifySegment(context, segment, storedOf);
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

async function verifySegment(context: VerifyContext, segment: Segment, storedOf: StoredOf): Promise<void> {
  const { backend, findings, signal } = context;
  try {
    await segment.load(backend, ["run_id", "document", "marker"], 2, signal);
    const [documents, markers] = [segment.cells("document"), segment.cells("marker")];
    for (let at = 0; at < segment.rows; at++) {
      const counts = { document: Number(documents?.at(at) ?? 0), marker: Number(markers?.at(at) ?? 0) };
      await compare(context, storedOf, segment.idAt(at), counts);
    }
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

/** Adds a problem if the catalogue says that a run was closed or deleted, and what says so itself is not there. */
async function compare(context: VerifyContext, storedOf: StoredOf, id: string, known: Counts): Promise<void> {
  const { backend, findings, signal } = context;
  const { document, marker } = storedOf(id);
  if (document >= known.document && marker >= known.marker) return;
  // It may have changed since the runs were listed.
  const listing = await listUnlessPurged(backend, id, signal);
  if (listing === undefined) return;
  const { created, newestDocument, lifecycle } = listing;
  const lose = (key: string, what: string): void =>
    findings.add({
      kind: "missing",
      key,
      message: `${key} is missing: the catalogue says that run ${id} was ${what}. ${LOST_ADVICE}`,
    });
  if (newestDocument < known.document)
    lose(created || newestDocument > 0 ? runDocumentKey(id, known.document) : runPrefix(id), "closed");
  if (lifecycle < known.marker) lose(lifecycleKey(id, known.marker), "deleted or restored");
}

async function listUnlessPurged(
  backend: Backend,
  id: string,
  signal: AbortSignal | undefined,
): Promise<RunListing | undefined> {
  try {
    return await listRun(backend, id, signal ? { signal } : {});
  } catch (error) {
    if (LedgerError.hasCode(error, "RUN_NOT_FOUND")) return undefined;
    throw error;
  }
}
