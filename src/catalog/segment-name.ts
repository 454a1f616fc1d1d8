/** A segment of the catalogue as listed. */
export interface SegmentName {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Above those of all segments that it was made of, so that it sorts behind what it stands in for. */
  readonly generation: number;
}

/** What stands before `.parquet`. */
export const SEGMENT_NAME: RegExp = /^(\d{6})-[0-9a-z_-]{1,64}$/;
const MAX_GENERATION = 999_999;

const ENDING = ".parquet";

/** The name of a segment among those of its experiment. */
export function nameOf({ key }: Pick<SegmentName, "key">): string {
  return key.slice(key.lastIndexOf("/") + 1, -ENDING.length);
}

/** The key of a new segment. `id` is nobody else's. */
export function segmentKey(prefix: string, generation: number, id: string): string {
  const padded = String(Math.min(generation, MAX_GENERATION)).padStart(6, "0");
  return `${prefix}/segments/${padded}-${id}.parquet`;
}

/** The segment with that key, or `undefined` for any other key. */
export function parseSegmentName(key: string, size: number): SegmentName | undefined {
  const match = key.endsWith(ENDING) ? SEGMENT_NAME.exec(nameOf({ key })) : null;
  return match === null ? undefined : { key, size, generation: Number(match[1]) };
}

/** A generation behind all of these. */
export function nextGeneration(segments: readonly SegmentName[]): number {
  return segments.reduce((highest, { generation }) => Math.max(highest, generation), 0) + 1;
}
