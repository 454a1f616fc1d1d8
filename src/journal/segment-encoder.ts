import { writeVarint } from "../bytes/varint.ts";
import { FRAME_OVERHEAD_BYTES, writeFrame } from "./frame.ts";
import type { PendingFrame } from "./frame-builder.ts";
import { SEGMENT_MAGIC } from "./segment.ts";
import { PAYLOAD, type Shape, type ShapeRegistry } from "./shape.ts";

/**
 * Repeats a definition after this many times its size, so that damage to one definition cannot make all later rows
 * unreadable.
 */
const REPEAT_DEFINITION_AFTER = 64;

/** Encodes frames as bytes of segments, with the definitions that their rows need. */
export class SegmentEncoder {
  readonly #registry: ShapeRegistry;
  /**
   * Distinguishes the definitions of this segment from those of earlier ones, even if an earlier one has the same
   * number.
   */
  #epoch = 0;

  constructor(registry: ShapeRegistry) {
    this.#registry = registry;
  }

  /** Begins another segment, which has no definitions yet. */
  begin(): void {
    this.#epoch++;
  }

  /**
   * Returns the bytes that follow the first `size` bytes of the segment. `seed`: of the CRCs of the segment. `state`: a
   * payload before the frames.
   */
  encode(frames: readonly PendingFrame[], size: number, seed: number, state?: Uint8Array): Uint8Array {
    const magic = size === 0 ? SEGMENT_MAGIC.length : 0;
    let end = size + magic;
    const payloads: Uint8Array[][] = [];
    const add = (payload: Uint8Array[]): void => {
      payloads.push(payload);
      end += payload.reduce((sum, part) => sum + part.length, FRAME_OVERHEAD_BYTES);
    };
    if (state) add([state]);
    for (const { shapes, first, count, body, length } of frames) {
      for (const shape of shapes) {
        if (this.#needsDefinition(shape, end)) add([Uint8Array.of(PAYLOAD.definitions), this.#define(shape, end)]);
      }
      const head = new Uint8Array(20);
      head[0] = PAYLOAD.records;
      const headEnd = writeVarint(head, writeVarint(head, 1, first), count);
      add([head.subarray(0, headEnd), body.subarray(0, length)]);
    }
    const out = new Uint8Array(end - size);
    out.set(SEGMENT_MAGIC.subarray(0, magic));
    let at = magic;
    for (const payload of payloads) at = writeFrame(out, at, payload, seed);
    return out;
  }

  #needsDefinition(shape: Shape, size: number): boolean {
    return shape.definedIn !== this.#epoch || size - shape.definedAt > shape.definitionBytes * REPEAT_DEFINITION_AFTER;
  }

  #define(shape: Shape, size: number): Uint8Array {
    const bytes = this.#registry.definition(shape);
    shape.definedIn = this.#epoch;
    shape.definedAt = size;
    shape.definitionBytes = bytes.length;
    return bytes;
  }
}
