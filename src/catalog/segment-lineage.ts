import type { Directory } from "./segment-directory.ts";
import { nameOf, SEGMENT_NAME, type SegmentName } from "./segment-name.ts";

/** What a segment says about the other segments of its experiment. A lost segment is found by it. */
export type SegmentLineage = Pick<Directory, "peers" | "replaces">;

export const NO_LINEAGE: SegmentLineage = { peers: [], replaces: [] };

/**
 * For how many generations segments name the segments that they replace. If a program lists a segment, and writes one of its own this many
 * generations after that segment was merged, it names a peer that no other segment replaces. Then a search rebuilds the catalogue of the
 * experiment.
 */
const REMEMBERED = 64;

/** A segment and its lineage. */
export interface KnownSegment {
  readonly name: SegmentName;
  readonly directory: SegmentLineage;
}

/** Returns the lineage of a new segment that is merged from some of the opened segments, or from all. */
export function lineageOf(
  generation: number,
  opened: readonly KnownSegment[],
  merged: readonly KnownSegment[],
): SegmentLineage {
  const left = opened.filter((segment) => !merged.includes(segment));
  const named = new Set(left.flatMap(({ directory }) => directory.peers));
  const replaced = merged.flatMap(({ name, directory }) => [nameOf(name), ...directory.replaces]);
  const isOfUse = (name: string): boolean =>
    named.has(name) || Number(SEGMENT_NAME.exec(name)?.[1]) >= generation - REMEMBERED;
  return {
    peers: left.map(({ name }) => nameOf(name)),
    replaces: [...new Set(replaced)].filter(isOfUse),
  };
}

/** Returns the name of a segment that another one names as its peer, and that is not there. */
export function findLostSegment(opened: readonly KnownSegment[]): string | undefined {
  const there = new Set(opened.flatMap(({ name, directory }) => [nameOf(name), ...directory.replaces]));
  return opened.flatMap(({ directory }) => directory.peers).find((name) => !there.has(name));
}
