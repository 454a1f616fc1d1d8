import { mapBounded } from "../backend/bounded.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { experimentPrefix } from "./entry.ts";
import type { ExperimentListing, Touched } from "./list-catalog.ts";
import { isClosed, readTouched, unlessDamaged } from "./read-row.ts";
import type { Segment } from "./segment.ts";

/** Runs read at a time. */
const RUNS_AT_ONCE = 32;
const SEGMENTS_AT_ONCE = 16;

/** A run that has entries. */
export interface LooseRow extends CatalogRow {
  readonly touched: Touched;
  /** Nobody writes to it: a segment may have it. */
  readonly isClosed: boolean;
  /** A segment has a newer row: what was entered for that was removed while it was being listed. */
  readonly isOld: boolean;
}

/** Numbers of rows by run. */
type Newest = ReadonlyMap<string, readonly [document: number, marker: number]>;

/** The catalogue of an experiment, ready to be asked. */
export interface OpenExperiment {
  readonly listing: ExperimentListing;
  readonly segments: readonly Segment[];
  readonly loose: readonly LooseRow[];
  /** The newest row of runs that may be in several segments. */
  readonly amended: Newest;
  /** The same, but {@link GONE} for runs that are read themselves. */
  readonly newest: Newest;
}

/** Newer than any row: the run has entries, and is read itself. */
const GONE = [Number.POSITIVE_INFINITY, 0] as const;

/** Opens what was listed. Runs that cannot be read are told to `onError` and left out. `CORRUPT` for a damaged segment, `NOT_FOUND` for one that is gone. */
export async function openExperiment(
  context: CatalogContext,
  listing: ExperimentListing,
  signal: AbortSignal | undefined,
): Promise<OpenExperiment> {
  const [segments, rows] = await Promise.all([
    mapBounded(listing.segments, SEGMENTS_AT_ONCE, signal, (name, stop) => context.segments.open(name, stop)),
    mapBounded([...listing.touched], RUNS_AT_ONCE, signal, (entry, stop) =>
      readLoose(context, listing.prefix, entry, stop),
    ),
  ]);
  const amended = new Map<string, readonly [number, number]>();
  for (const { amends } of segments) {
    for (const [id, own] of amends) if (isNewer(own, amended.get(id))) amended.set(id, own);
  }
  const newest = new Map(amended);
  for (const id of listing.touched.keys()) newest.set(id, GONE);
  const loose: LooseRow[] = [];
  for (const row of rows) {
    if (row === undefined) continue;
    const { id } = row.record;
    const isOld = !isCurrent(amended, id, row.document, row.marker);
    if (isOld) newest.set(id, amended.get(id)!);
    loose.push({ ...row, isOld });
  }
  return { listing, segments, loose, amended, newest };
}

function isNewer(own: readonly [number, number], other: readonly [number, number] | undefined): boolean {
  return other === undefined || own[0] > other[0] || (own[0] === other[0] && own[1] > other[1]);
}

/** Whether a row counts, or another has come in its place. */
export function isCurrent(newest: Newest, id: string, document: number, marker: number): boolean {
  const other = newest.get(id);
  return other === undefined || !isNewer(other, [document, marker]);
}

async function readLoose(
  { backend, onError }: CatalogContext,
  prefix: string,
  [id, touched]: [string, Touched],
  signal: AbortSignal,
): Promise<Omit<LooseRow, "isOld"> | undefined> {
  // What is not there is about to begin, or its beginning failed. What is of another experiment is entered there.
  const row = await unlessDamaged(onError, () => readTouched(backend, id, touched, signal));
  if (row === undefined || experimentPrefix(row.record.experiment) !== prefix) return undefined;
  return { ...row, touched, isClosed: isClosed(row, touched) };
}
