import type { Backend, CallOptions } from "../backend/backend.ts";
import { concatBytes } from "../backend/body.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { FRAME_HEAD_BYTES, FRAME_OVERHEAD_BYTES, payloadIsIntact, readFrameHead } from "./frame.ts";
import { SEGMENT_MAGIC } from "./segment.ts";

/** What {@link readSegment} reads from. */
export type SegmentSource = Pick<Backend, "read" | "stat">;

/** The payload of an intact frame, or bytes that are not a frame. */
export type Piece =
  | { readonly kind: "frame"; readonly payload: Uint8Array; readonly from: number; readonly to: number }
  /** `isNewer`: the piece is the whole segment, which is of a later version. */
  | { readonly kind: "gap"; readonly from: number; readonly to: number; readonly isNewer?: true }
  | { readonly kind: "tail"; readonly torn: boolean; readonly from: number; readonly to: number };

/** How many bytes are read at once. A frame has at most 16 MiB, so memory stays bounded for any object. */
export const READ_BYTES: number = 4 * 1024 * 1024;
/** How many bytes are hashed in search of an intact frame after damage. Forged heads could ask for far more. */
const MAX_SEARCHED_BYTES: number = 256 * 1024 * 1024;
/** After how many bytes of frames other work may run. Decoding them takes milliseconds. */
const BREAK_BYTES: number = 256 * 1024;
/**
 * No writer makes a longer segment: it begins another one at 256 MiB. Without this bound, a sparse file of a terabyte
 * would take hours.
 */
export const MAX_SEGMENT_BYTES: number = 512 * 1024 * 1024;

/**
 * Yields the frames of one segment in order. A `gap` is damage before an intact frame. A `tail` is what follows the
 * last intact frame; it is `torn` if it is the beginning of a frame, or only zeros. `start`: the end of a frame, to
 * continue from there. If a segment is longer than any writer makes, the tail begins with the first bytes that are not
 * a frame.
 */
export async function* readSegment(
  backend: SegmentSource,
  key: string,
  seed: number,
  options?: CallOptions,
  start = 0,
): AsyncGenerator<Piece, void, undefined> {
  const window = new Window(backend, key, options, start);
  let damagedFrom = -1;
  await window.fill(SEGMENT_MAGIC.length);
  const found = start > 0 ? SEGMENT_MAGIC : window.peek(SEGMENT_MAGIC.length);
  if (!found.every((byte, i) => byte === SEGMENT_MAGIC[i])) damagedFrom = 0;
  else if (found.length < SEGMENT_MAGIC.length) {
    yield { kind: "tail", torn: true, from: 0, to: found.length };
    return;
  } else if (start === 0) window.advance(SEGMENT_MAGIC.length);

  let isSized = false;
  let passed = 0;
  for (let hashed = 0; hashed < MAX_SEARCHED_BYTES;) {
    if ((damagedFrom >= 0 && !isSized) || window.position > MAX_SEGMENT_BYTES) {
      isSized = true;
      const to = Math.max(window.position, window.end ?? (await backend.stat(key, options))?.size ?? 0);
      if (to > MAX_SEGMENT_BYTES) {
        const from = damagedFrom < 0 ? window.position : damagedFrom;
        if (from === to) return;
        return yield from === 0 && isNewer(found)
          ? { kind: "gap", from, to, isNewer: true }
          : { kind: "tail", torn: false, from, to };
      }
    }
    const length = await window.frameLength(seed);
    if (length === "incomplete") {
      if (damagedFrom < 0) break;
      if (window.length === 0) break;
      window.advance(1);
      continue;
    }
    if (length === "none" || !window.payloadIsIntact(length, seed)) {
      if (damagedFrom < 0) damagedFrom = window.position;
      if (length !== "none") hashed += length;
      window.advance(1);
      window.skipToHead(seed);
      continue;
    }
    const from = window.position;
    if (damagedFrom >= 0) yield { kind: "gap", from: damagedFrom, to: from };
    damagedFrom = -1;
    const payload = window.peek(FRAME_HEAD_BYTES + length).slice(FRAME_HEAD_BYTES);
    window.advance(length + FRAME_OVERHEAD_BYTES);
    yield { kind: "frame", payload, from, to: window.position };
    // The reader has just decoded them.
    passed += length;
    if (passed < BREAK_BYTES) continue;
    passed = 0;
    await breakIfDue();
  }
  const from = damagedFrom < 0 ? window.position : damagedFrom;
  const to = window.end ?? Math.max(from, (await backend.stat(key, options))?.size ?? 0);
  if (from === to) return;
  // If a bit of the version had changed, frames of this version would follow.
  if (damagedFrom === 0 && isNewer(found)) return yield { kind: "gap", from, to, isNewer: true };
  yield { kind: "tail", torn: damagedFrom < 0 || (await isZero(backend, key, from, to, options)), from, to };
}

/** Returns whether a segment is of a later version: the last of its first eight bytes is the version. */
function isNewer(found: Uint8Array): boolean {
  const last = SEGMENT_MAGIC.length - 1;
  return (
    found.length === SEGMENT_MAGIC.length &&
    found.every((byte, i) => (i === last ? byte > SEGMENT_MAGIC[last]! : byte === SEGMENT_MAGIC[i]))
  );
}

async function isZero(
  backend: SegmentSource,
  key: string,
  from: number,
  to: number,
  options?: CallOptions,
): Promise<boolean> {
  for (let at = from; at < to; at += READ_BYTES) {
    const range = { offset: at, length: Math.min(READ_BYTES, to - at) };
    const bytes = await backend.read(key, { ...options, range });
    if (bytes.some((byte) => byte !== 0)) return false;
  }
  return true;
}

/** A part of an object, which moves forward. */
class Window {
  readonly #backend: SegmentSource;
  readonly #key: string;
  readonly #options: CallOptions | undefined;
  #held: Uint8Array = new Uint8Array(0);
  #start = 0;
  #complete = false;
  position: number;

  constructor(backend: SegmentSource, key: string, options: CallOptions | undefined, start: number) {
    this.position = start;
    this.#backend = backend;
    this.#key = key;
    this.#options = options;
  }

  /** The number of bytes that are held from the position on. */
  get length(): number {
    return this.#held.length - this.#start;
  }

  /** The size of the object, once its end was seen. */
  get end(): number | undefined {
    return this.#complete ? this.position + this.length : undefined;
  }

  peek(length: number): Uint8Array {
    return this.#held.subarray(this.#start, this.#start + length);
  }

  advance(count: number): void {
    this.#start += count;
    this.position += count;
  }

  /** Returns the length of the payload of the frame at the position, once the whole frame is held. */
  async frameLength(seed: number): Promise<number | "none" | "incomplete"> {
    if (this.length < FRAME_HEAD_BYTES) await this.fill(FRAME_HEAD_BYTES);
    if (this.length < FRAME_HEAD_BYTES) return "incomplete";
    const length = readFrameHead(this.#held, this.#start, seed);
    if (length === undefined) return "none";
    if (this.length < length + FRAME_OVERHEAD_BYTES) await this.fill(length + FRAME_OVERHEAD_BYTES);
    return this.length < length + FRAME_OVERHEAD_BYTES ? "incomplete" : length;
  }

  payloadIsIntact(length: number, seed: number): boolean {
    return payloadIsIntact(this.#held, this.#start, length, seed);
  }

  /** Moves to the next held position that looks like the head of a frame. */
  skipToHead(seed: number): void {
    while (this.length >= FRAME_HEAD_BYTES && readFrameHead(this.#held, this.#start, seed) === undefined)
      this.advance(1);
  }

  /** Reads until `length` bytes are held or the object ends. */
  async fill(length: number): Promise<void> {
    while (this.length < length && !this.#complete) {
      const wanted = Math.max(READ_BYTES, length - this.length);
      const range = { offset: this.position + this.length, length: wanted };
      const more = await this.#backend.read(this.#key, { ...this.#options, range });
      if (more.length < wanted) this.#complete = true;
      this.#held = this.length === 0 ? more : concatBytes([this.peek(this.length), more]);
      this.#start = 0;
    }
  }
}
