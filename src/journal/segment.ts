import { utf8Encoder } from "../bytes/utf8.ts";
import { crc32 } from "../bytes/crc32.ts";

/** Where a run keeps its journals. */
export function journalPrefix(runId: string): string {
  return `runs/${runId}/journal`;
}

/** A segment of the journal of one writer: the `seq`-th object it began. */
export interface SegmentName {
  readonly writer: string;
  readonly seq: number;
}

const SEGMENT = /^(?:runs\/[^/]+\/)?journal\/([0-9a-z][0-9a-z_-]{0,63})\.([0-9]{6}|[1-9][0-9]{6,11})$/;

export function segmentKey(runId: string, { writer, seq }: SegmentName): string {
  return `${journalPrefix(runId)}/${writer}.${String(seq).padStart(6, "0")}`;
}

/** The name in a key that {@link segmentKey} made, whole or below the run's prefix; `undefined` for any other key. */
export function parseSegmentKey(key: string): SegmentName | undefined {
  const match = SEGMENT.exec(key);
  return match ? { writer: match[1] as string, seq: Number(match[2]) } : undefined;
}

const encoder = /* @__PURE__ */ utf8Encoder();

/**
 * What the CRCs of a segment begin with. It depends on run, writer and number, so neither a segment under a wrong name nor
 * a frame that was logged as data inside another segment can pass for a frame of this one.
 */
export function segmentSeed(runId: string, { writer, seq }: SegmentName): number {
  return crc32(encoder.encode(`${runId}/${writer}.${seq}`));
}

/** First bytes of every segment: `RLJOURN` and the version of the frame format. */
export const SEGMENT_MAGIC: Uint8Array = Uint8Array.of(0x52, 0x4c, 0x4a, 0x4f, 0x55, 0x52, 0x4e, 1);
