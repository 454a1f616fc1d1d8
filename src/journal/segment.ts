import { utf8Encoder } from "../bytes/utf8.ts";
import { crc32 } from "../bytes/crc32.ts";
import type { Entry } from "../backend/backend.ts";
import { divideRepeated, type FlushRange } from "./flush-pattern.ts";

/** Returns the prefix of the journals of a run. */
export function journalPrefix(runId: string): string {
  return `runs/${runId}/journal`;
}

/**
 * The name of a segment: the `seq`-th object of the journal of one writer. `flushes` is above 1 if it repeats what the
 * objects before it hold.
 */
export interface SegmentName extends FlushRange {
  readonly writer: string;
}

const SEGMENT =
  /^(?:runs\/[^/]+\/)?journal\/([0-9a-z][0-9a-z_-]{0,63})\.([0-9]{6}|[1-9][0-9]{6,11})(?:-([1-9][0-9]{0,11}))?$/;

/**
 * Returns the key of a segment. A segment that repeats others comes after them in every listing, up to number 999,999.
 */
export function segmentKey(runId: string, { writer, seq, flushes }: SegmentName): string {
  return `${journalPrefix(runId)}/${writer}.${String(seq).padStart(6, "0")}${repeats(flushes)}`;
}

function repeats(flushes: number): string {
  return flushes > 1 ? `-${flushes}` : "";
}

/** Returns the name in a key of {@link segmentKey}, whole or below the prefix of the run, else `undefined`. */
export function parseSegmentKey(key: string): SegmentName | undefined {
  const match = SEGMENT.exec(key);
  if (match === null) return undefined;
  const seq = Number(match[2]);
  const flushes = match[3] === undefined ? 1 : Number(match[3]);
  const isPossible = match[3] === undefined || (flushes > 1 && flushes <= seq + 1);
  return isPossible ? { writer: match[1] as string, seq, flushes } : undefined;
}

const encoder = /* @__PURE__ */ utf8Encoder();

/**
 * Returns the seed of the CRCs of a segment. It depends on run, writer and number. So neither a segment under a wrong
 * name nor a frame that was logged as data inside another segment can pass for a frame of this segment.
 */
export function segmentSeed(runId: string, { writer, seq, flushes }: SegmentName): number {
  return crc32(encoder.encode(`${runId}/${writer}.${seq}${repeats(flushes)}`));
}

/** The first bytes of every segment: `RLJOURN` and the version of the frame format. */
export const SEGMENT_MAGIC: Uint8Array = Uint8Array.of(0x52, 0x4c, 0x4a, 0x4f, 0x55, 0x52, 0x4e, 1);

/** A listed segment. */
export interface SegmentEntry extends SegmentName {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** If the writer is shut out: records from this number on do not count. */
  readonly end?: number | undefined;
}

/** The listed segments of a run. */
export interface ListedSegments {
  /** By writer, each in order: those that a reader needs. */
  readonly writers: Map<string, SegmentEntry[]>;
  /** Those whose records others of `writers` hold, too. */
  readonly repeated: SegmentEntry[];
}

/** Returns the segments among listed entries. `ends`: of the writers that are shut out. */
export function groupSegments(entries: Iterable<Entry>, ends?: ReadonlyMap<string, number>): ListedSegments {
  const listed = new Map<string, SegmentEntry[]>();
  for (const { key, size } of entries) {
    const name = parseSegmentKey(key);
    if (name === undefined) continue;
    const end = ends?.get(name.writer);
    const entry = { key, size, ...name, ...(end !== undefined && { end }) };
    const segments = listed.get(name.writer);
    if (segments) segments.push(entry);
    else listed.set(name.writer, [entry]);
  }
  const writers = new Map<string, SegmentEntry[]>();
  const repeated: SegmentEntry[] = [];
  for (const [writer, segments] of listed) {
    const own = divideRepeated(segments);
    writers.set(writer, own.needed);
    for (const each of own.repeated) repeated.push(each);
  }
  return { writers, repeated };
}
