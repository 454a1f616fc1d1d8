import type { Backend } from "../backend/backend.ts";
import { equalBytes } from "../backend/body.ts";
import { LedgerError } from "../backend/error.ts";
import { FRAME_OVERHEAD_BYTES, writeFrame } from "./frame.ts";
import type { PendingFrame } from "./frame-builder.ts";
import { SEGMENT_MAGIC, segmentKey, segmentSeed } from "./segment.ts";
import { PAYLOAD, type Shape, type ShapeRegistry } from "./shape.ts";
import { writeVarint } from "./varint.ts";

/** A segment as far as it is acknowledged. */
export interface StoredSegment {
  readonly seq: number;
  readonly bytes: number;
}

/** A definition is repeated once this many times its size has followed it, so that damage cannot orphan all later rows. */
const REPEAT_DEFINITION_AFTER = 64;
/** A segment that has grown to this is not appended to any more. */
const MAX_SEGMENT_BYTES: number = 256 * 1024 * 1024;

/**
 * Puts frames into the segments of one writer. On a backend that appends, a segment grows until an append fails: then its
 * end is unknown, so the same records go to a new segment and readers drop the repeats by their numbers. Elsewhere each
 * flush is one object; after a failure the very same object is sent again, so an attempt whose answer was lost cannot turn
 * into a second one.
 */
export class SegmentWriter {
  readonly stored: StoredSegment[] = [];
  readonly #backend: Backend;
  readonly #runId: string;
  readonly #registry: ShapeRegistry;
  #writer: string;
  #seq = 0;
  #size = 0;
  /** Tells definitions of an abandoned segment from those of this one, also under the same number. */
  #epoch = 0;
  #frozen: { key: string; bytes: Uint8Array; frames: readonly PendingFrame[] } | undefined;

  constructor(backend: Backend, runId: string, writer: string, registry: ShapeRegistry) {
    this.#backend = backend;
    this.#runId = runId;
    this.#writer = writer;
    this.#registry = registry;
  }

  get writer(): string {
    return this.#writer;
  }

  /** Frames that must be sent as they were before any other, because an earlier attempt may have stored them. */
  get undecided(): readonly PendingFrame[] | undefined {
    return this.#frozen?.frames;
  }

  /** Stores whole frames; resolves with the bytes written once the backend has acknowledged them. */
  async write(frames: readonly PendingFrame[]): Promise<number> {
    return this.#backend.capabilities.append ? await this.#append(frames) : await this.#create(frames);
  }

  /** Goes on under another name, with an empty history. Only when nothing was acknowledged under this one that must stay in line. */
  rename(writer: string): void {
    this.#writer = writer;
    this.#frozen = undefined;
    this.stored.length = 0;
    this.#begin(0);
  }

  async #append(frames: readonly PendingFrame[]): Promise<number> {
    const bytes = this.#encode(frames);
    const key = this.#key();
    const isNew = this.#size === 0;
    try {
      await this.#backend.append?.(key, bytes);
    } catch (error) {
      this.#begin(this.#seq + 1);
      // Nothing acknowledged is in it, so it need not stay: failures that go on for hours leave no litter.
      if (isNew) await this.#backend.remove(key).catch(() => {});
      throw error;
    }
    this.#grow(bytes.length);
    if (this.#size >= MAX_SEGMENT_BYTES) this.#begin(this.#seq + 1);
    return bytes.length;
  }

  async #create(frames: readonly PendingFrame[]): Promise<number> {
    this.#frozen ??= { key: this.#key(), bytes: this.#encode(frames), frames };
    const { key, bytes } = this.#frozen;
    try {
      await this.#backend.create(key, bytes);
    } catch (error) {
      if (!LedgerError.hasCode(error, "EXISTS")) throw error;
      const there = await this.#backend.read(key);
      if (!equalBytes(there, bytes)) {
        throw new LedgerError(
          "CONFLICT",
          "another process writes under the same writer id, as a copied virtual machine would",
          {
            key,
            cause: error,
          },
        );
      }
    }
    this.#frozen = undefined;
    this.#grow(bytes.length);
    this.#begin(this.#seq + 1);
    return bytes.length;
  }

  #key(): string {
    return segmentKey(this.#runId, { writer: this.#writer, seq: this.#seq });
  }

  #begin(seq: number): void {
    this.#seq = seq;
    this.#size = 0;
    this.#epoch++;
  }

  #grow(bytes: number): void {
    if (this.#size > 0) this.stored.pop();
    this.#size += bytes;
    this.stored.push({ seq: this.#seq, bytes: this.#size });
  }

  #encode(frames: readonly PendingFrame[]): Uint8Array {
    const seed = segmentSeed(this.#runId, { writer: this.#writer, seq: this.#seq });
    const magic = this.#size === 0 ? SEGMENT_MAGIC.length : 0;
    let size = this.#size + magic;
    const payloads: Uint8Array[][] = [];
    const frame = (payload: Uint8Array[]): void => {
      payloads.push(payload);
      size += payload.reduce((sum, part) => sum + part.length, FRAME_OVERHEAD_BYTES);
    };
    for (const pending of frames) {
      for (const shape of pending.shapes) {
        if (this.#needsDefinition(shape, size)) frame([Uint8Array.of(PAYLOAD.definitions), this.#define(shape, size)]);
      }
      const head = new Uint8Array(20);
      head[0] = PAYLOAD.records;
      const end = writeVarint(head, writeVarint(head, 1, pending.first), pending.count);
      frame([head.subarray(0, end), pending.body.subarray(0, pending.length)]);
    }
    const out = new Uint8Array(size - this.#size);
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
