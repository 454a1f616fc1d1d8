import { encodeJson } from "../../../src/bytes/json.ts";
import { writeVarint } from "../../../src/bytes/varint.ts";
import { FRAME_OVERHEAD_BYTES, writeFrame } from "../../../src/journal/frame.ts";
import { SEGMENT_MAGIC, segmentKey, segmentSeed } from "../../../src/journal/segment.ts";
import { PAYLOAD, TAG } from "../../../src/journal/shape.ts";
import type { Place } from "./place.ts";

/** The payload of a frame with events, the first of which is record `first`. */
export function eventsPayload(first: number, events: readonly object[]): Uint8Array {
  const texts = events.map((event) => new TextEncoder().encode(encodeJson(event, "event")));
  const out = new Uint8Array(texts.reduce((sum, { length }) => sum + length + 16, 32));
  out[0] = PAYLOAD.records;
  let at = writeVarint(out, writeVarint(out, 1, first), events.length);
  for (const text of texts) {
    at = writeVarint(out, writeVarint(out, at, TAG.event), text.length);
    out.set(text, at);
    at += text.length;
  }
  return out.slice(0, at);
}

/** Frames with these payloads, for a segment of a run. */
export function frames(
  runId: string,
  writer: string,
  seq: number,
  payloads: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const seed = segmentSeed(runId, { writer, seq });
  const out = new Uint8Array(payloads.reduce((sum, { length }) => sum + length + FRAME_OVERHEAD_BYTES, 0));
  let at = 0;
  for (const payload of payloads) at = writeFrame(out, at, [payload], seed);
  return out;
}

/** Stores a segment that no writer of this library made. */
export async function storeSegment(
  { store }: Place,
  runId: string,
  writer: string,
  seq: number,
  payloads: readonly Uint8Array[],
): Promise<void> {
  const body = frames(runId, writer, seq, payloads);
  const bytes = new Uint8Array(SEGMENT_MAGIC.length + body.length);
  bytes.set(SEGMENT_MAGIC);
  bytes.set(body, SEGMENT_MAGIC.length);
  await store.create(segmentKey(runId, { writer, seq }), bytes);
}
