import { utf8Encoder } from "../bytes/utf8.ts";
import { crc32 } from "../bytes/crc32.ts";
import type { Entry } from "../backend/backend.ts";

/** Returns the prefix of the journals of a run. */
export function journalPrefix(runId: string): string {
  return `runs/${runId}/journal`;
}

/** The name of a segment: the `seq`-th object of the journal of one writer. */
export interface SegmentName {
  readonly writer: string;
  readonly seq: number;
}

const SEGMENT = /^(?:runs\/[^/]+\/)?journal\/([0-9a-z][0-9a-z_-]{0,63})\.([0-9]{6}|[1-9][0-9]{6,11})$/;

/** Returns the key of a segment. */
export function segmentKey(runId: string, { writer, seq }: SegmentName): string {
  return `${journalPrefix(runId)}/${writer}.${String(seq).padStart(6, "0")}`;
}

/** Returns the name in a key of {@link segmentKey}, whole or below the prefix of the run, else `undefined`. */
export function parseSegmentKey(key: string): SegmentName | undefined {
  const match = SEGMENT.exec(key);
  return match ? { writer: match[1] as string, seq: Number(match[2]) } : undefined;
}

const encoder = /* @__PURE__ */ utf8Encoder();

/**
 * Returns the seed of the CRCs of a segment. It depends on run, writer and number. So neither a segment under a wrong
 * name nor a frame that was logged as data inside another segment can pass for a frame of this segment.
 */
export function segmentSeed(runId: string, { writer, seq }: SegmentName): number {
  return crc32(encoder.encode(`${runId}/${writer}.${seq}`));
}

/** The first bytes of every segment: `RLJOURN` and the version of the frame format. */
export const SEGMENT_MAGIC: Uint8Array = Uint8Array.of(0x52, 0x4c, 0x4a, 0x4f, 0x55, 0x52, 0x4e, 1);

/** A listed segment. */
export interface SegmentEntry {
  readonly key: string;
  readonly writer: string;
  readonly seq: number;
  /** Bytes. */
  readonly size: number;
  /** If the writer is shut out: records from this number on do not count. */
  readonly end?: number | undefined;
}

/** Returns the segments among listed entries, by writer, each in order. `ends`: of the writers that are shut out. */
export function groupSegments(
  entries: Iterable<Entry>,
  ends?: ReadonlyMap<string, number>,
): Map<string, SegmentEntry[]> {
  const writers = new Map<string, SegmentEntry[]>();
  for (const { key, size } of entries) {
    const name = parseSegmentKey(key);
    if (name === undefined) continue;
    const end = ends?.get(name.writer);
    const entry = { key, size, ...name, ...(end !== undefined && { end }) };
    const segments = writers.get(name.writer);
    if (segments) segments.push(entry);
    else writers.set(name.writer, [entry]);
  }
  for (const segments of writers.values()) segments.sort((a, b) => a.seq - b.seq);
  return writers;
}
