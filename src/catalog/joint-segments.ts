import { concernsOneObject } from "../errors/ledger-error.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { CatalogListing } from "./list-catalog.ts";
import type { Segment } from "./segment.ts";
import type { KnownSegment } from "./segment-lineage.ts";
import { segmentKeyOf } from "./segment-name.ts";

const SEGMENTS_AT_ONCE = 16;

/** Rows of a segment from `start` up to but not including `end`. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** The joint segments of a catalogue, and what they repeat. */
export interface JointSegments {
  /** The rows that count of each joint segment: those of segments that are still there and that no other one repeats. */
  readonly ranges: ReadonlyMap<Segment, readonly RowRange[]>;
  /** The segments that need not be opened, by key. */
  readonly repeated: ReadonlyMap<string, KnownSegment>;
}

/**
 * Opens the joint segments of a catalogue, as listed. Leaves out those that cannot be read: then the segments that they
 * repeat are read. `unusable` has the keys of those that could not be read before, and gets further ones.
 */
export async function openJointSegments(
  { segments: cache, onError }: CatalogContext,
  { experiments, joint }: CatalogListing,
  unusable: Set<string>,
  signal: AbortSignal | undefined,
): Promise<JointSegments> {
  const names = joint.filter(({ key }) => !unusable.has(key));
  const opened = await mapBounded(names, SEGMENTS_AT_ONCE, signal, async (name, stop) => {
    try {
      return await cache.open(name, stop);
    } catch (error) {
      if (!concernsOneObject(error)) throw error;
      // Others may have merged it.
      if (error.code !== "NOT_FOUND") onError(error);
      unusable.add(name.key);
      return undefined;
    }
  });
  const listed = new Map(experiments.flatMap(({ segments }) => segments.map((name) => [name.key, name] as const)));
  const ranges = new Map<Segment, RowRange[]>();
  const repeated = new Map<string, KnownSegment>();
  const usable = opened.filter((segment) => segment !== undefined).sort((a, b) => b.rows - a.rows);
  for (const segment of usable) {
    const own: { start: number; end: number }[] = [];
    let start = 0;
    for (const { experiment, name, rows, peers, replaces } of segment.directory.repeats) {
      const end = start + rows;
      const there = listed.get(segmentKeyOf(experiment, name));
      if (there !== undefined && !repeated.has(there.key)) {
        repeated.set(there.key, { name: there, directory: { peers, replaces } });
        const last = own.at(-1);
        if (last?.end === start) last.end = end;
        else own.push({ start, end });
      }
      start = end;
    }
    if (own.length > 0) ranges.set(segment, own);
  }
  return { ranges, repeated };
}
