import type { Backend, CallOptions } from "../backend/backend.ts";
import { type Compacted, isOnlyFile, type MetricsEntry } from "../journal/compacted.ts";
import type { Damage } from "../journal/damage.ts";
import type { RunListing } from "../journal/list-run.ts";
import type { SegmentEntry } from "../journal/list-segments.ts";
import type { RunDocument } from "../journal/run-document.ts";
import { readBeginning } from "../journal/run-state.ts";
import type { WriterFold } from "../journal/writer-fold.ts";

/** Where the points of a run are. */
export interface Place {
  readonly metrics: readonly Pick<MetricsEntry, "name" | "size">[];
  readonly overview: Pick<MetricsEntry, "name" | "size"> | undefined;
  /** Journals with points that are not in `metrics`. */
  readonly more: ReadonlyMap<string, readonly SegmentEntry[]>;
  /** In the order in which they were compacted. Left out where `more` is empty. */
  readonly writers: readonly WriterFold[];
  /** Something that the run's document says is there is not. */
  readonly lost: Damage | undefined;
  readonly listing: RunListing;
}

/** Finds the points of a run as listed. `CORRUPT` when only a document that is damaged could tell. */
export async function findPoints(
  backend: Backend,
  runId: string,
  listing: RunListing,
  isConfirmed: boolean,
  options: CallOptions | undefined,
): Promise<Place> {
  const { metrics, documents, writers, ends } = listing;
  const compactions = new Set(metrics.map(({ compaction }) => compaction));
  // The usual case of a closed run: one document and one compaction, which can only be its own since no journal is left. With more
  // than one file of points, or none, only the document tells whether all are there.
  if (writers.size === 0 && documents === 1 && compactions.size === 1 && ends.size === 0) {
    const files = metrics.filter(({ kind }) => kind === "parquet");
    const overview = metrics.find(({ kind }) => kind === "overview");
    if (files.length === 1 && files.every(isOnlyFile))
      return { metrics: files, overview, more: new Map(), writers: [], lost: undefined, listing };
  }
  const { document, more, lost } = await readBeginning(backend, runId, listing, isConfirmed, options);
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
  // Of what is lost in part the rest can be read.
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

/** A power cut may take the journals of a run without points, where nothing was synced for it: that makes its histories no less whole. */
function hadNoPoints({ record, summaries }: RunDocument): boolean {
  return summaries === undefined && Object.keys(record.metrics).length === 0 && record.damage.length === 0;
}
