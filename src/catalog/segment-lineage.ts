import type { Directory } from "./segment-directory.ts";
import { nameOf, SEGMENT_NAME, type SegmentName } from "./segment-name.ts";

/** What a segment says about the other segments of its experiment. It reveals that a segment is lost. */
export type SegmentLineage = Pick<Directory, "peers" | "replaces">;

export const NO_LINEAGE: SegmentLineage = { peers: [], replaces: [] };

/**
 * The number of generations for which segments name the segments that they replace. A program may list a segment and
 * write its own segment more generations later than this, after that segment was merged. Its segment then names a peer
 * that no other segment replaces, so a search rebuilds the catalogue of the experiment.
 */
const REMEMBERED = 64;

/** A segment and its lineage. */
export interface KnownSegment {
  readonly name: SegmentName;
  readonly directory: SegmentLineage;
}

/** Returns the lineage of a new segment that is merged from some or all of the opened segments. */
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

/** Returns the name of a missing segment that another one names as its peer. */
export function findLostSegment(opened: readonly KnownSegment[]): string | undefined {
  const there = new Set(opened.flatMap(({ name, directory }) => [nameOf(name), ...directory.replaces]));
  return opened.flatMap(({ directory }) => directory.peers).find((name) => !there.has(name));
}
