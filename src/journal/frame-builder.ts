import type { Shape } from "./shape.ts";
import { FIRST_SHAPE_TAG, TAG } from "./shape.ts";
import { writeVarint, zigzag } from "../bytes/varint.ts";

/** The body of one frame, without its head and CRCs. */
export interface PendingFrame {
  body: Uint8Array;
  /** How many bytes of the body are in use. */
  length: number;
  /** The number of records: rows and events. */
  count: number;
  /** The number of metric values in the rows. */
  points: number;
  /** The shapes of the rows. */
  shapes: Set<Shape>;
  /** The number of the first record. */
  first: number;
}

/** A greater difference of two safe integers may have no exact zigzag number in a double. */
const MAX_DELTA = 2 ** 52 - 1;
const FRAME_BYTES = 64 * 1024;
const FIRST_FRAME_BYTES = 256;

/**
 * Builds the bodies of frames from rows and events. A body needs nothing but the definitions of its shapes: step and
 * time of its first row are absolute. {@link recycle} takes back buffers that are no longer needed.
 */
export class FrameBuilder {
  readonly #free: Uint8Array[] = [];
  #frame: PendingFrame;
  #view: DataView;
  // NaN makes V8 store doubles from the start. Otherwise the first time beyond 31 bits would deoptimize compiled code.
  #step: number = Number.NaN;
  #time: number = Number.NaN;
  #frameNumber = 0;
  /** The first frames are short, so that the code that ends a frame has run before V8 compiles the code around it. */
  #fullAt = FIRST_FRAME_BYTES;
  #next = 0;

  constructor() {
    const body = new Uint8Array(FRAME_BYTES);
    this.#frame = newFrame(body, 0);
    this.#view = new DataView(body.buffer);
    this.#step = 0;
    this.#time = 0;
  }

  /** The number of the next record. */
  get next(): number {
    return this.#next;
  }

  /** The bytes of the frame under way. */
  get length(): number {
    return this.#frame.length;
  }

  get points(): number {
    return this.#frame.points;
  }

  /** Whether to call {@link seal}. */
  get isFull(): boolean {
    return this.#frame.length >= this.#fullAt;
  }

  /** Adds a row: `values[i]` belongs to the shape's i-th key. Step and time are safe integers. */
  row(shape: Shape, step: number, time: number, values: Float64Array): void {
    const n = shape.keyIds.length;
    let at = this.#beginRow(n * 8 + ((n + 7) >> 3), FIRST_SHAPE_TAG + shape.id, step, time);
    const { body } = this.#frame;
    if (shape.frame !== this.#frameNumber) {
      shape.frame = this.#frameNumber;
      this.#frame.shapes.add(shape);
    }
    let bitmap = at;
    at += (n + 7) >> 3;
    const view = this.#view;
    let bits = 0;
    for (let i = 0; i < n; i++) {
      const value = values[i] as number;
      if (Math.fround(value) === value) {
        bits |= 1 << (i & 7);
        view.setFloat32(at, value, true);
        at += 4;
      } else {
        view.setFloat64(at, value, true);
        at += 8;
      }
      if ((i & 7) === 7) {
        body[bitmap++] = bits;
        bits = 0;
      }
    }
    if ((n & 7) !== 0) body[bitmap] = bits;
    this.#endRecord(at, n);
  }

  /** Adds a row that names its keys one by one. */
  looseRow(keys: readonly Uint8Array[], step: number, time: number, values: Float64Array): void {
    const n = keys.length;
    let names = 0;
    for (const key of keys) names += key.length + 5;
    let at = this.#beginRow(n * 13 + names, TAG.loose, step, time);
    const { body } = this.#frame;
    at = writeVarint(body, at, n);
    for (let i = 0; i < n; i++) {
      const key = keys[i] as Uint8Array;
      at = writeVarint(body, at, key.length);
      body.set(key, at);
      at += key.length;
      this.#view.setFloat64(at, values[i] as number, true);
      at += 8;
    }
    this.#endRecord(at, n);
  }

  /** Adds an event, given as UTF-8 bytes of JSON. */
  event(json: Uint8Array): void {
    this.#reserve(json.length + 16);
    const { body } = this.#frame;
    let at = writeVarint(body, this.#frame.length, TAG.event);
    at = writeVarint(body, at, json.length);
    body.set(json, at);
    this.#endRecord(at + json.length, 0);
  }

  /** Ends the frame under way, and returns it. Returns `undefined` if the frame is empty. */
  seal(): PendingFrame | undefined {
    const frame = this.#frame;
    if (frame.count === 0) return undefined;
    const body = this.#free.pop() ?? new Uint8Array(FRAME_BYTES);
    this.#frame = newFrame(body, this.#next);
    this.#view = new DataView(body.buffer);
    this.#frameNumber++;
    this.#fullAt = Math.min(FRAME_BYTES - 1024, this.#fullAt * 2);
    this.#step = 0;
    this.#time = 0;
    return frame;
  }

  recycle(frame: PendingFrame): void {
    if (frame.body.length === FRAME_BYTES && this.#free.length < 4) this.#free.push(frame.body);
  }

  /** Sets the number of the next record. Only valid if the frame under way is empty. */
  renumber(next: number): void {
    this.#next = next;
    this.#frame.first = next;
  }

  #beginRow(bytes: number, tag: number, step: number, time: number): number {
    this.#reserve(bytes + 64);
    const { body } = this.#frame;
    let at = this.#frame.length;
    let stepDelta = step - this.#step;
    let timeDelta = time - this.#time;
    if (stepDelta > MAX_DELTA || stepDelta < -MAX_DELTA || timeDelta > MAX_DELTA || timeDelta < -MAX_DELTA) {
      at = writeVarint(body, at, TAG.base);
      this.#view.setFloat64(at, step, true);
      this.#view.setFloat64(at + 8, time, true);
      at += 16;
      stepDelta = 0;
      timeDelta = 0;
    }
    this.#step = step;
    this.#time = time;
    at = writeVarint(body, at, tag);
    at = writeVarint(body, at, zigzag(stepDelta));
    return writeVarint(body, at, zigzag(timeDelta));
  }

  #endRecord(at: number, points: number): void {
    const frame = this.#frame;
    frame.length = at;
    frame.count++;
    frame.points += points;
    this.#next++;
  }

  #reserve(bytes: number): void {
    const frame = this.#frame;
    if (frame.length + bytes <= frame.body.length) return;
    const grown = new Uint8Array(Math.max(frame.body.length * 2, frame.length + bytes));
    grown.set(frame.body.subarray(0, frame.length));
    frame.body = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function newFrame(body: Uint8Array, first: number): PendingFrame {
  return { body, length: 0, count: 0, points: 0, shapes: new Set(), first };
}
