import type { Backend } from "../backend/backend.ts";
import { clampRange, concatBytes, equalBytes } from "../backend/body.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { type CompactedEnd, isCompacted } from "./compacted.ts";
import { fencedError, fenceKey } from "./fence.ts";
import { FRAME_OVERHEAD_BYTES, writeFrame } from "./frame.ts";
import type { PendingFrame } from "./frame-builder.ts";
import { SEGMENT_MAGIC, type SegmentEntry, segmentKey, segmentSeed } from "./segment.ts";
import type { RunKeeper } from "./writer-options.ts";
import { PAYLOAD, type Shape, type ShapeRegistry } from "./shape.ts";
import { writeVarint } from "../bytes/varint.ts";

/** A segment as far as it is acknowledged. */
export interface StoredSegment {
  readonly seq: number;
  readonly bytes: number;
  /** `sha256:<hex>`, of a segment that closing the run would have to read otherwise. */
  digest?: string;
}

/** A definition is repeated once this many times its size has followed it, so that damage cannot orphan all later rows. */
const REPEAT_DEFINITION_AFTER = 64;
/** A segment that has grown to this is not appended to any more. */
const MAX_SEGMENT_BYTES: number = 256 * 1024 * 1024;
/** Where each flush is an object, so many bytes of them are kept in memory: closing the run then need not fetch them one by one. */
const RETAINED_BYTES: number = 8 * 1024 * 1024;

/** A segment that grows is kept in memory up to this size, for the same reason. */
const RETAINED_SEGMENT_BYTES: number = 64 * 1024;

/** Frames that the backend has stored, and that are acknowledged once the writer has seen that no fence was put up. */
interface Unconfirmed {
  readonly frames: readonly PendingFrame[];
  readonly bytes: number;
}

/** What others have removed or cut of what a writer stored. */
export interface ChangedSegments {
  /** Segments that are not as they were. */
  readonly changed: number;
  /** Those of them that could not be stored again. */
  readonly lost: number;
  /** How many points there may have been in what is lost. */
  readonly lostPoints: number;
}

/**
 * Puts frames into the segments of one writer. On a backend that appends, a segment grows until an append fails: then its
 * end is unknown, so the same records go to a new segment and readers drop the repeats by their numbers. Elsewhere each
 * flush is one object; after a failure the very same object is sent again, so an attempt whose answer was lost cannot turn
 * into a second one.
 *
 * The writer looks for the next fence after each write and before it acknowledges, at the cost of one `stat`. A session that
 * puts up a fence reads the journals after that. So it has read everything that was acknowledged, and no create has to lose
 * against another for that.
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
  /** Points in each stored segment that is not known to be lost, by its number. */
  readonly #points = new Map<number, number>();
  #hasPoints = false;
  readonly #retained = new Map<string, Uint8Array>();
  #retainedBytes = 0;
  #frozen: { key: string; bytes: Uint8Array; frames: readonly PendingFrame[] } | undefined;
  #unconfirmed: Unconfirmed | undefined;
  readonly #fence: number | undefined;

  /** `fence`: how many fences the run had when the session began; the next one shuts it out. Without it none does. */
  constructor(backend: Backend, runId: string, writer: string, registry: ShapeRegistry, fence?: number) {
    this.#fence = fence;
    this.#backend = backend;
    this.#runId = runId;
    this.#writer = writer;
    this.#registry = registry;
  }

  get writer(): string {
    return this.#writer;
  }

  /** The next write appends to a segment that is there. */
  get goesOn(): boolean {
    return this.#size > 0;
  }

  /** Frames that must be sent as they were before any other, because an earlier attempt may have stored them. */
  get undecided(): readonly PendingFrame[] | undefined {
    return this.#unconfirmed?.frames ?? this.#frozen?.frames;
  }

  /** The backend, but for segments of this writer that are still in memory. */
  withRetained(): Backend {
    const backend = this.#backend;
    if (this.#retained.size === 0) return backend;
    const read: Backend["read"] = async (key, options) => {
      const bytes = this.#retained.get(key);
      if (bytes === undefined) return await backend.read(key, options);
      const { start, end } = clampRange(options?.range, bytes.length);
      return bytes.slice(start, end);
    };
    return {
      contract: 1,
      name: backend.name,
      capabilities: { ...backend.capabilities, append: false, move: false },
      create: (key, body, options) => backend.create(key, body, options),
      read,
      stat: (key, options) => backend.stat(key, options),
      list: (prefix, options) => backend.list(prefix, options),
      remove: (key, options) => backend.remove(key, options),
    };
  }

  /** Stores whole frames; resolves with the bytes written once the backend has acknowledged them. `FENCED` when shut out. */
  async write(frames: readonly PendingFrame[]): Promise<number> {
    this.#unconfirmed ??= this.#backend.capabilities.append ? await this.#append(frames) : await this.#create(frames);
    const { bytes } = this.#unconfirmed;
    // Should this fail, the next attempt only looks again.
    await this.#assertUnfenced();
    this.#unconfirmed = undefined;
    return bytes;
  }

  async #assertUnfenced(): Promise<void> {
    if (this.#fence === undefined) return;
    const key = fenceKey(this.#runId, this.#fence + 1);
    if ((await this.#backend.stat(key)) !== undefined) throw fencedError(this.#runId, key);
  }

  /**
   * Looks which stored segments others have removed or cut, and stores those again that are still in memory. What is lost is
   * told once. Of segments that are compacted nothing need be there, and of those that `listed` shows whole nothing is asked;
   * `before` is what was stored when they were listed.
   */
  async restore(
    keeper: RunKeeper,
    before: readonly StoredSegment[] = this.stored,
    listed: readonly SegmentEntry[] = [],
  ): Promise<ChangedSegments> {
    const sizes = new Map(listed.map(({ seq, size }) => [seq, size]));
    let end: { readonly found: CompactedEnd | undefined } | undefined;
    let changed = 0;
    let lost = 0;
    let lostPoints = 0;
    for (const { seq, bytes } of before) {
      const points = this.#points.get(seq);
      if (points === undefined || (sizes.get(seq) ?? -1) >= bytes) continue;
      const key = segmentKey(this.#runId, { writer: this.#writer, seq });
      const found = await this.#backend.stat(key);
      if (found !== undefined && found.size >= bytes) continue;
      end ??= { found: await keeper.compactedTo(this.#writer) };
      if (isCompacted(end.found, seq, bytes)) continue;
      changed++;
      const retained = this.#backend.capabilities.append ? undefined : this.#retained.get(key);
      if (found === undefined && retained) {
        await this.#backend.create(key, retained).catch((error: unknown) => {
          if (!LedgerError.hasCode(error, "EXISTS")) throw error;
        });
      } else {
        lost++;
        lostPoints += points;
        this.#points.delete(seq);
      }
    }
    return { changed, lost, lostPoints };
  }

  /** Goes on under another name, with an empty history. Only when nothing was acknowledged under this one that must stay in line. */
  rename(writer: string): void {
    this.#writer = writer;
    this.#frozen = undefined;
    this.stored.length = 0;
    this.#points.clear();
    this.#retained.clear();
    this.#retainedBytes = 0;
    this.#begin(0);
  }

  async #append(frames: readonly PendingFrame[]): Promise<Unconfirmed> {
    const bytes = this.#encode(frames);
    const key = this.#key();
    const isNew = this.#size === 0;
    try {
      await this.#backend.append?.(key, bytes, { at: this.#size });
    } catch (error) {
      this.#begin(this.#seq + 1);
      // Nothing acknowledged is in it, so it need not stay: failures that go on for hours leave no litter. After a conflict it
      // is somebody else's.
      if (isNew && !LedgerError.hasCode(error, "CONFLICT")) await this.#backend.remove(key).catch(() => {});
      throw error;
    }
    this.#retainGrown(key, bytes);
    this.#grow(bytes.length, frames);
    if (this.#size >= MAX_SEGMENT_BYTES) this.#begin(this.#seq + 1);
    return { frames, bytes: bytes.length };
  }

  /** Called before the segment counts as grown. */
  #retainGrown(key: string, bytes: Uint8Array): void {
    const before = this.#retained.get(key) ?? new Uint8Array();
    if (before.length === this.#size && this.#size + bytes.length <= RETAINED_SEGMENT_BYTES)
      this.#retained.set(key, concatBytes([before, bytes]));
    else this.#retained.delete(key);
  }

  async #create(frames: readonly PendingFrame[]): Promise<Unconfirmed> {
    this.#frozen ??= { key: this.#key(), bytes: this.#encode(frames), frames };
    const { key, bytes } = this.#frozen;
    try {
      await this.#backend.create(key, bytes);
    } catch (error) {
      if (!LedgerError.hasCode(error, "EXISTS")) throw error;
      const there = await this.#backend.read(key, { range: { offset: 0, length: bytes.length + 1 } });
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
    if (this.#retainedBytes + bytes.length <= RETAINED_BYTES) {
      this.#retained.set(key, bytes);
      this.#retainedBytes += bytes.length;
    }
    this.#grow(bytes.length, frames);
    const mayStay = !this.#hasPoints || !this.#backend.capabilities.exclusiveCreate;
    const segment = this.stored.at(-1);
    if (mayStay && segment && !this.#retained.has(key)) void addDigest(segment, bytes);
    this.#begin(this.#seq + 1);
    return { frames, bytes: bytes.length };
  }

  #key(): string {
    return segmentKey(this.#runId, { writer: this.#writer, seq: this.#seq });
  }

  #begin(seq: number): void {
    this.#seq = seq;
    this.#size = 0;
    this.#epoch++;
  }

  #grow(bytes: number, frames: readonly PendingFrame[]): void {
    if (this.#size > 0) this.stored.pop();
    this.#size += bytes;
    const points = frames.reduce((sum, frame) => sum + frame.points, this.#points.get(this.#seq) ?? 0);
    this.#points.set(this.#seq, points);
    this.#hasPoints ||= points > 0;
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

/** The journals of a run that is not compacted stay, and closing the run needs their digests. */
async function addDigest(segment: StoredSegment, bytes: Uint8Array): Promise<void> {
  try {
    const { sha256Hex } = await loadSha256();
    segment.digest = formatDigest(await sha256Hex(bytes));
  } catch {
    // The part that hashes could not be loaded: closing the run reads the segment.
  }
}
