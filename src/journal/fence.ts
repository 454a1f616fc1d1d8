import { utf8Encoder } from "../backend/utf8.ts";
import { LedgerError } from "../backend/error.ts";
import { FRAME_HEAD_BYTES, FRAME_OVERHEAD_BYTES, payloadIsIntact, readFrameHead, writeFrame } from "./frame.ts";
import { SEGMENT_MAGIC, type SegmentName, segmentSeed } from "./segment.ts";
import { PAYLOAD } from "./shape.ts";
import { writeVarint } from "./varint.ts";

const FENCE = /\/fences\/([0-9]{6,12})\.json$/;

/** Key of the `n`-th fence of a run, from 1: it shuts out every session that began when there were fewer. */
export function fenceKey(runId: string, n: number): string {
  return `runs/${runId}/fences/${String(n).padStart(6, "0")}.json`;
}

/** The number in a key that {@link fenceKey} made, or `undefined` for any other key. */
export function parseFenceKey(key: string): number | undefined {
  const match = FENCE.exec(key);
  return match ? Number(match[1]) : undefined;
}

/** No fence segment is longer. */
export const MAX_FENCE_SEGMENT_BYTES = 128;

/**
 * A segment that takes the place of a writer's next one, so that the writer's own attempt to create it fails. Where each
 * flush is an object, that shuts the writer out without costing it a request a flush.
 */
export function encodeFenceSegment(runId: string, name: SegmentName, fence: number, claimer: string): Uint8Array {
  const head = new Uint8Array(12);
  head[0] = PAYLOAD.fence;
  const by = utf8Encoder().encode(claimer);
  const end = writeVarint(head, 1, fence);
  const out = new Uint8Array(SEGMENT_MAGIC.length + FRAME_OVERHEAD_BYTES + end + by.length);
  out.set(SEGMENT_MAGIC);
  writeFrame(out, SEGMENT_MAGIC.length, [head.subarray(0, end), by], segmentSeed(runId, name));
  return out;
}

/** Whether bytes read under a segment's key are those of a fence segment. */
export function isFenceSegment(bytes: Uint8Array, runId: string, name: SegmentName): boolean {
  const at = SEGMENT_MAGIC.length;
  const length = bytes.length - at - FRAME_OVERHEAD_BYTES;
  if (length < 1 || bytes.length > MAX_FENCE_SEGMENT_BYTES) return false;
  const seed = segmentSeed(runId, name);
  return (
    SEGMENT_MAGIC.every((byte, i) => byte === bytes[i]) &&
    readFrameHead(bytes, at, seed) === length &&
    payloadIsIntact(bytes, at, length, seed) &&
    bytes[at + FRAME_HEAD_BYTES] === PAYLOAD.fence
  );
}

/** What a session that is shut out gets to hear. */
export function fencedError(runId: string, key: string): LedgerError {
  return new LedgerError(
    "FENCED",
    `run ${runId} was resumed exclusively by another process: this writer is no longer one of the run's, and stores nothing more`,
    { key },
  );
}
