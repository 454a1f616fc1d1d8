import { mapBounded } from "../platform/bounded.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { UnreadableRuns } from "../journal/unreadable-runs.ts";
import { isCurrent, type NewestRows } from "./catalog-row.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { experimentPrefix } from "./catalog-entry.ts";
import type { ExperimentListing, RunEntries } from "./list-catalog.ts";
import type { ReadLoose } from "./read-run-row.ts";
import type { JointSegments } from "./joint-segments.ts";
import type { Segment } from "./segment.ts";
import type { KnownSegment } from "./segment-lineage.ts";
import { MAX_JOINED_BYTES, MAX_JOINED_ROWS } from "./segment-limits.ts";
import { JOINT_PREFIX } from "./segment-name.ts";

// Loaded only when there are runs to read.
const looseReading = /* @__PURE__ */ onDemand(() => import("./read-run-row.ts"));

/** Runs read at a time. */
export const RUNS_AT_ONCE = 16;
const SEGMENTS_AT_ONCE = 16;

/** A run that has entries, compared with the segments. */
export interface LooseRow extends ReadLoose {
  /** True if a segment has a newer row, because the entry of that row was removed during the listing. */
  readonly isOld: boolean;
}

/** The catalogue of an experiment, ready for queries. */
export interface OpenExperiment {
  readonly listing: ExperimentListing;
  readonly segments: readonly Segment[];
  /** Segments that were not opened, because joint segments repeat them. */
  readonly repeated: readonly KnownSegment[];
  /** The rows that count of joint segments. Default: all. */
  readonly ranges?: JointSegments["ranges"];
  readonly loose: readonly LooseRow[];
  /** The numbers of the newest row of each run that may be in several segments. */
  readonly amended: NewestRows;
  /** The same, but {@link GONE} for runs that are read from their own objects. */
  readonly newest: NewestRows;
}

/** Newer than any row of a segment. For runs with entries, which are read from their own objects. */
const GONE = [Number.POSITIVE_INFINITY, 0] as const;

/**
 * Opens the catalogue of an experiment, as listed. Adds runs that cannot be read to `unreadable`. Rejects with
 * `CORRUPT` for a damaged segment, and with `NOT_FOUND` for one that no longer exists.
 */
export async function openExperiment(
  context: CatalogContext,
  listing: ExperimentListing,
  unreadable: UnreadableRuns,
  joint: JointSegments["repeated"],
  signal: AbortSignal | undefined,
): Promise<OpenExperiment> {
  const unrepeated = joint.size === 0 ? listing.segments : listing.segments.filter(({ key }) => !joint.has(key));
  const [segments, rows] = await Promise.all([
    mapBounded(unrepeated, SEGMENTS_AT_ONCE, signal, (name, stop) => context.segments.open(name, stop)),
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
  const repeated = joint.size === 0 ? [] : listing.segments.flatMap(({ key }) => joint.get(key) ?? []);
  return { listing, segments, repeated, loose, amended, newest };
}

/**
 * Returns the experiments and the joint segments, as one more of them, so that what is known about the newest rows of
 * one counts for all.
 */
export function joined(experiments: readonly OpenExperiment[], { ranges }: JointSegments): OpenExperiment[] {
  const joint = [...ranges.keys()];
  const amended = new Map<string, readonly [number, number]>();
  const add = (id: string, own: readonly [number, number]): void => {
    if (isCurrent(amended, id, ...own)) amended.set(id, own);
  };
  for (const { directory } of joint) for (const [id, ...own] of directory.amends) add(id, own);
  for (const open of experiments) for (const [id, own] of open.amended) add(id, own);
  const newest = new Map(amended);
  for (const { listing } of experiments) for (const id of listing.entries.keys()) newest.set(id, GONE);
  const all = experiments.map((open): OpenExperiment => {
    const loose = open.loose.map((row) => {
      const { id } = row.record;
      const isOld = !isCurrent(amended, id, row.document, row.marker);
      if (isOld) newest.set(id, amended.get(id)!);
      return { ...row, isOld };
    });
    return { ...open, loose, amended, newest };
  });
  const listing = { prefix: JOINT_PREFIX, entries: new Map(), segments: [] };
  return [...all, { listing, segments: joint, repeated: [], ranges, loose: [], amended, newest }];
}

async function readAllLoose(
  context: CatalogContext,
  { prefix, entries }: ExperimentListing,
  unreadable: UnreadableRuns,
  signal: AbortSignal | undefined,
): Promise<ReadLoose[]> {
  if (entries.size === 0) return [];
  const { backend, closedRuns, runningRuns } = context;
  const rows: ReadLoose[] = [];
  const unread: [string, RunEntries][] = [];
  for (const [id, own] of entries) {
    const known = closedRuns.get(id, own);
    if (known === undefined) unread.push([id, own]);
    // The entries may belong to a run of another experiment.
    else if (experimentPrefix(known.record.experiment) === prefix)
      rows.push({ ...known, entries: own, isClosed: true, isRemembered: true });
  }
  if (unread.length === 0) return rows;
  const { readLoose } = await looseReading();
  const read = await mapBounded(unread, RUNS_AT_ONCE, signal, async (entry, stop) => {
    const row = await readLoose(backend, prefix, entry, unreadable, stop, runningRuns);
    // Here, between breaks, because the size of a record takes a while to find.
    if (row?.isClosed) closedRuns.add(row, row.entries);
    return row;
  });
  for (const row of read) if (row !== undefined) rows.push(row);
  return rows;
}

/** Returns the number of small segments that no joint segment repeats. */
export function countUnjoined(experiments: readonly OpenExperiment[]): number {
  const isSmall = ({ rows, name }: Segment): boolean => rows <= MAX_JOINED_ROWS && name.size <= MAX_JOINED_BYTES;
  return experiments.reduce((sum, { segments, ranges }) => sum + (ranges ? 0 : segments.filter(isSmall).length), 0);
}
