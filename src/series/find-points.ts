import type { Backend, CallOptions } from "../backend/backend.ts";
import { type Compacted, isOnlyFile, type MetricsEntry } from "../journal/compacted.ts";
import type { Damage } from "../journal/damage.ts";
import type { RunListing } from "../journal/list-run.ts";
import type { SegmentEntry } from "../journal/segment.ts";
import type { RunDocument } from "../journal/run-document.ts";
import { readNewestDocument } from "../journal/newest-document.ts";
import type { WriterFold } from "../journal/writer-fold.ts";

/** Where the points of a run are. */
export interface Place {
  readonly metrics: readonly Pick<MetricsEntry, "name" | "size">[];
  readonly overview: Pick<MetricsEntry, "name" | "size"> | undefined;
  /** The journals with points that are not in `metrics`. */
  readonly more: ReadonlyMap<string, readonly SegmentEntry[]>;
  /** The writers in the order of the compaction. May be empty if `more` is empty. */
  readonly writers: readonly WriterFold[];
  /** What is missing although the run's document states that it exists. */
  readonly lost: Damage | undefined;
  readonly listing: RunListing;
}

/**
 * Finds the points of a run in its listing. Rejects with `CORRUPT` if only a damaged document could tell where they
 * are.
 */
export async function findPoints(
  backend: Backend,
  runId: string,
  listing: RunListing,
  isConfirmed: boolean,
  options: CallOptions | undefined,
): Promise<Place> {
  const { metrics, documents, newestDocument, writers, ends } = listing;
  const compactions = new Set(metrics.map(({ compaction }) => compaction));
  // The usual case of a closed run: the first document and one compaction, which must be the document's because no
  // journal is left. If there is not exactly one file of points, only the document tells whether all are there.
  if (
    writers.size === 0 &&
    newestDocument === 1 &&
    documents.length === 1 &&
    compactions.size === 1 &&
    ends.size === 0
  ) {
    const files = metrics.filter(({ kind }) => kind === "metrics");
    const overview = metrics.find(({ kind }) => kind === "overview");
    if (files.length === 1 && files.every(isOnlyFile))
      return { metrics: files, overview, more: new Map(), writers: [], lost: undefined, listing };
  }
  const { document, more, lost } = await readNewestDocument(backend, runId, listing, isConfirmed, options);
  const compacted: Compacted | undefined = document?.compacted;
  if (compacted === undefined) {
    const isEmpty = more.size === 0 && document !== undefined && hadNoPoints(document);
    return {
      metrics: [],
      overview: undefined,
      more: writers,
      writers: [],
      lost: isEmpty ? undefined : lost[0],
      listing,
    };
  }
  // If a part is lost, the rest can be read.
  const isListed = ({ name }: { readonly name: string }): boolean => metrics.some((entry) => entry.name === name);
  const overview = lost.length > 0 ? undefined : compacted.overview;
  return {
    metrics: compacted.metrics.filter(isListed),
    overview,
    more,
    writers: compacted.writers,
    lost: lost[0],
    listing,
  };
}

/**
 * Returns whether a run had no points. A power cut may delete the journals of such a run if they were never synced, and
 * its histories are still complete.
 */
function hadNoPoints({ record, summaries }: RunDocument): boolean {
  return summaries === undefined && Object.keys(record.metrics).length === 0 && record.damage.length === 0;
}
