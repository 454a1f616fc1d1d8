import { decodeCheckedJson, encodeCheckedJson } from "../../../src/bytes/checked-json.ts";
import { encodeJson } from "../../../src/bytes/encode-json.ts";
import { writeVarint } from "../../../src/bytes/varint.ts";
import { FRAME_OVERHEAD_BYTES, writeFrame } from "../../../src/journal/frame.ts";
import { SEGMENT_MAGIC, segmentKey, segmentSeed } from "../../../src/journal/segment.ts";
import { PAYLOAD, TAG } from "../../../src/journal/shape.ts";
import { change, type Place } from "./place.ts";

/** When runs that are made by hand begin. */
export const TIME = 1_767_225_600_000;

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bytes, varints (numbers) and texts in UTF-8, one after the other. */
export function bytesOf(...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => {
      if (typeof part === "string") return [...utf8(part)];
      if (typeof part !== "number") return [...part];
      const out = new Uint8Array(8);
      return [...out.subarray(0, writeVarint(out, 0, part))];
    }),
  );
}

const float64 = (value: number): Uint8Array => new Uint8Array(Float64Array.of(value).buffer);

/** An item: a row that names its metrics, after one that sets step and time. */
export function rowItem(step: number, time: number, ...points: readonly (readonly [string, number])[]): Uint8Array {
  const base = bytesOf(TAG.base, float64(step), float64(time), TAG.loose, 0, 0, points.length);
  return bytesOf(base, ...points.flatMap(([name, value]) => [utf8(name).length, name, float64(value)]));
}

/** An item: an event, or a text in its place. */
export function eventItem(event: object | string): Uint8Array {
  const text = typeof event === "string" ? event : encodeJson(event, "event");
  return bytesOf(TAG.event, utf8(text).length, text);
}

/** The payload of a frame with `count` records from number `first` on. */
export function recordsPayload(first: number, count: number, ...items: readonly Uint8Array[]): Uint8Array {
  return bytesOf(PAYLOAD.records, first, count, ...items);
}

/** The payload of a frame with events, the first of which is record `first`. */
export function eventsPayload(first: number, events: readonly object[]): Uint8Array {
  return recordsPayload(first, events.length, ...events.map(eventItem));
}

/** Frames with these payloads, for a segment of a run. */
export function frames(
  runId: string,
  writer: string,
  seq: number,
  payloads: readonly Uint8Array[],
  flushes = 1,
): Uint8Array<ArrayBuffer> {
  const seed = segmentSeed(runId, { writer, seq, flushes });
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
  flushes = 1,
): Promise<void> {
  const body = frames(runId, writer, seq, payloads, flushes);
  const bytes = new Uint8Array(SEGMENT_MAGIC.length + body.length);
  bytes.set(SEGMENT_MAGIC);
  bytes.set(body, SEGMENT_MAGIC.length);
  await store.create(segmentKey(runId, { writer, seq, flushes }), bytes);
}

/** Stores how a run began that no writer of this library made. Its writer is `first`. */
export async function beginRun({ store }: Place, id: string, more: object = {}): Promise<string> {
  const created = { v: 1, id, experiment: "by hand", name: id, createdAt: TIME, writer: { id: "first", beatMs: 1e4 } };
  await store.create(`runs/${id}/run.created.json`, encodeCheckedJson({ ...created, ...more }, "run"));
  return id;
}

/** Stores the bytes of a segment with its magic in front. */
export async function storeBytes(
  { store }: Place,
  runId: string,
  writer: string,
  ...parts: readonly Uint8Array[]
): Promise<void> {
  await store.create(segmentKey(runId, { writer, seq: 0, flushes: 1 }), bytesOf(SEGMENT_MAGIC, ...parts));
}

/** Changes an object that is checked JSON. */
export async function changeJson<T>(place: Place, key: string, edit: (value: T) => object): Promise<void> {
  await change(place, key, (bytes) => encodeCheckedJson(edit(decodeCheckedJson(bytes) as T), "changed"));
}
