/** A segment of the catalogue as listed. */
export interface SegmentName {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Higher than those of all segments from which it was made, so that it sorts after the segments that it replaces. */
  readonly generation: number;
}

/** The name of a segment, without `.parquet`. */
export const SEGMENT_NAME: RegExp = /^(\d{6})-[0-9a-z_-]{1,64}$/;
const MAX_GENERATION = 999_999;

const ENDING = ".parquet";

/** Returns the name of a segment, which is unique in its experiment. */
export function nameOf({ key }: Pick<SegmentName, "key">): string {
  return key.slice(key.lastIndexOf("/") + 1, -ENDING.length);
}

/** Returns the key of a new segment. `id` must be unique. */
export function segmentKey(prefix: string, generation: number, id: string): string {
  const padded = String(Math.min(generation, MAX_GENERATION)).padStart(6, "0");
  return `${prefix}/segments/${padded}-${id}.parquet`;
}

/** Returns the key of a segment, by the part of the key that stands for its experiment, and its name. */
export function segmentKeyOf(experiment: string, name: string): string {
  return `experiments/${experiment}/segments/${name}${ENDING}`;
}

/** The prefix of joint segments. The name of an experiment never begins with `=j` in a key. */
export const JOINT_PREFIX = "experiments/=joint";

/** Returns the key of a new joint segment. `id` must be unique. */
export function jointKey(generation: number, id: string): string {
  return `${JOINT_PREFIX}/${String(Math.min(generation, MAX_GENERATION)).padStart(6, "0")}-${id}${ENDING}`;
}

/** Returns the segment with this key, or `undefined` for any other key. */
export function parseSegmentName(key: string, size: number): SegmentName | undefined {
  const match = key.endsWith(ENDING) ? SEGMENT_NAME.exec(nameOf({ key })) : null;
  return match === null ? undefined : { key, size, generation: Number(match[1]) };
}

/** Returns a generation after those of all these segments. */
export function nextGeneration(segments: readonly SegmentName[]): number {
  return segments.reduce((highest, { generation }) => Math.max(highest, generation), 0) + 1;
}
