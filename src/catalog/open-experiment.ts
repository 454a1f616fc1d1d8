import { mapBounded } from "../platform/bounded.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { UnreadableRuns } from "../journal/unreadable-runs.ts";
import { isCurrent, type NewestRows } from "./catalog-row.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { ExperimentListing } from "./list-catalog.ts";
import type { ReadLoose } from "./read-run-row.ts";
import type { Segment } from "./segment.ts";

// Loaded only when there are runs to read.
const looseReading = /* @__PURE__ */ onDemand(() => import("./read-run-row.ts"));

/** Runs read at a time. */
const RUNS_AT_ONCE = 32;
const SEGMENTS_AT_ONCE = 16;

/** A run that has entries, among the segments. */
export interface LooseRow extends ReadLoose {
  /** A segment has a newer row: the entry of that row was removed during the listing. */
  readonly isOld: boolean;
}

/** The catalogue of an experiment, ready to be asked. */
export interface OpenExperiment {
  readonly listing: ExperimentListing;
  readonly segments: readonly Segment[];
  readonly loose: readonly LooseRow[];
  /** The newest row of runs that may be in several segments. */
  readonly amended: NewestRows;
  /** The same, but {@link GONE} for runs that are read themselves. */
  readonly newest: NewestRows;
}

/** Newer than any row: the run has entries, and is read itself. */
const GONE = [Number.POSITIVE_INFINITY, 0] as const;

/** Opens what was listed. Adds runs that cannot be read to `unreadable`. `CORRUPT` for a damaged segment, `NOT_FOUND` for one that is gone. */
export async function openExperiment(
  context: CatalogContext,
  listing: ExperimentListing,
  unreadable: UnreadableRuns,
  signal: AbortSignal | undefined,
): Promise<OpenExperiment> {
  const [segments, rows] = await Promise.all([
    mapBounded(listing.segments, SEGMENTS_AT_ONCE, signal, (name, stop) => context.segments.open(name, stop)),
    readAllLoose(context, listing, unreadable, signal),
  ]);
  const amended = new Map<string, readonly [number, number]>();
  for (const { directory } of segments) {
    for (const [id, ...own] of directory.amends) if (isCurrent(amended, id, ...own)) amended.set(id, own);
  }
  const newest = new Map(amended);
  for (const id of listing.entries.keys()) newest.set(id, GONE);
  const loose = rows.map((row): LooseRow => {
    const { id } = row.record;
    const isOld = !isCurrent(amended, id, row.document, row.marker);
    if (isOld) newest.set(id, amended.get(id)!);
    return { ...row, isOld };
  });
  return { listing, segments, loose, amended, newest };
}

async function readAllLoose(
  context: CatalogContext,
  { prefix, entries }: ExperimentListing,
  unreadable: UnreadableRuns,
  signal: AbortSignal | undefined,
): Promise<ReadLoose[]> {
  if (entries.size === 0) return [];
  const { readLoose } = await looseReading();
  const rows = await mapBounded([...entries], RUNS_AT_ONCE, signal, (entry, stop) =>
    readLoose(context.backend, prefix, entry, unreadable, stop),
  );
  return rows.filter((row) => row !== undefined);
}
