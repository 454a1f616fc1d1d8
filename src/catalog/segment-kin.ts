import type { Directory } from "./directory.ts";
import { nameOf, SEGMENT_NAME, type SegmentName } from "./segment-name.ts";

/** What a segment says of the other segments of its experiment, so that it shows when one of them is gone. */
export type SegmentKin = Pick<Directory, "peers" | "replaces">;

export const NO_KIN: SegmentKin = { peers: [], replaces: [] };

/**
 * For how many generations segments name what they stand in for. A program that listed a segment before it was merged, and made one of its
 * own so many generations later, names a peer that nothing accounts for: then a search makes the experiment's part of the catalogue again.
 */
const REMEMBERED = 64;

/** A segment, and what it says of others. */
export interface KnownSegment {
  readonly name: SegmentName;
  readonly directory: SegmentKin;
}

/** The kin of a segment of a generation that is made of some of those that are open, or of all. */
export function kinOf(
  generation: number,
  opened: readonly KnownSegment[],
  merged: readonly KnownSegment[],
): SegmentKin {
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

/** The name of a segment that must be there, by what the others say, and is not. */
export function findLost(opened: readonly KnownSegment[]): string | undefined {
  const there = new Set(opened.flatMap(({ name, directory }) => [nameOf(name), ...directory.replaces]));
  return opened.flatMap(({ directory }) => directory.peers).find((name) => !there.has(name));
}
