import type { Backend } from "../backend/backend.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { Clock } from "../platform/clock.ts";
import { type CompactedEnd, isCompacted } from "./compacted.ts";
import { fencedError, fenceKey } from "./fence.ts";
import { FlushObjects } from "./flush-objects.ts";
import type { FlushRange } from "./flush-pattern.ts";
import type { PendingFrame } from "./frame-builder.ts";
import type { Held } from "./repeated-flushes.ts";
import { AWAY_MS, RepeatedObjects } from "./repeated-objects.ts";
import { RetainedSegments } from "./retained-segments.ts";
import { type SegmentEntry, segmentKey, type SegmentName, segmentSeed } from "./segment.ts";
import { SegmentEncoder } from "./segment-encoder.ts";
import type { ShapeRegistry } from "./shape.ts";
import type { RunKeeper, WriterOptions } from "./writer-options.ts";

/** The acknowledged part of a segment. */
export interface StoredSegment extends FlushRange {
  readonly bytes: number;
  /** `sha256:<hex>`. Present only for a segment that closing the run would otherwise read. */
  digest?: string;
}

/** The writer appends nothing to a segment of this size. */
const FULL_SEGMENT_BYTES: number = 256 * 1024 * 1024;

type SegmentWriterOptions = Pick<
  WriterOptions,
  "backend" | "runId" | "writerId" | "clock" | "fence" | "removal" | "created"
>;

/** Frames that the backend has stored. The writer acknowledges them once it has seen that there is no new fence. */
interface Unconfirmed {
  readonly frames: readonly PendingFrame[];
  readonly bytes: number;
}

/** Stored segments that others have removed or cut. */
export interface ChangedSegments {
  /** The number of segments that changed. */
  readonly changed: number;
  /** How many of them could not be stored again. */
  readonly lost: number;
  /** How many points the lost segments held, at most. */
  readonly lostPoints: number;
}

/**
 * Stores frames in the segments of one writer.
 *
 * If the backend appends, a segment grows until an append fails. The end of the segment is unknown then, so the same
 * records go to a new segment, and readers skip the repeats by their numbers. Otherwise each flush creates an object;
 * see {@link FlushObjects}.
 *
 * After each write, and before it acknowledges the frames, the writer looks for the next fence. That costs one `stat`.
 * A session that puts up a fence reads the journals afterwards, so it reads everything that was acknowledged.
 */
export class SegmentWriter {
  readonly stored: StoredSegment[] = [];
  readonly #backend: Backend;
  readonly #runId: string;
  readonly #encoder: SegmentEncoder;
  readonly #retained = new RetainedSegments();
  readonly #fence: number | undefined;
  #writer: string;
  #seq = 0;
  #size = 0;
  /** The number of points in each stored segment that is not known to be lost, by the number of the segment. */
  readonly #points = new Map<number, number>();
  #hasPoints = false;
  readonly #objects: FlushObjects;
  readonly #repeated: RepeatedObjects;
  readonly #clock: Clock;
  #unconfirmed: Unconfirmed | undefined;
  /** When the latest write was acknowledged, by both clocks: one of them may stand still while a machine sleeps. */
  #acknowledgedAt: { readonly wall: number; readonly monotonic: number };

  constructor(options: SegmentWriterOptions, registry: ShapeRegistry) {
    const { backend, runId, writerId, clock, fence } = options;
    this.#fence = fence;
    this.#backend = backend;
    this.#runId = runId;
    this.#writer = writerId;
    this.#clock = clock;
    this.#acknowledgedAt = { wall: clock.now(), monotonic: clock.monotonic() };
    this.#encoder = new SegmentEncoder(registry);
    this.#objects = new FlushObjects(options, this.#encoder);
    this.#repeated = new RepeatedObjects(options);
  }

  get writer(): string {
    return this.#writer;
  }

  /** Whether the next write appends to an existing segment. */
  get goesOn(): boolean {
    return this.#size > 0;
  }

  /** Frames that {@link write} must get again before any other, because an earlier attempt may have stored them. */
  get undecided(): readonly PendingFrame[] | undefined {
    return this.#unconfirmed?.frames ?? this.#objects.undecided;
  }

  /** Objects that stored ones repeat, and that may still be there. */
  get repeated(): readonly FlushRange[] {
    return this.#repeated.ranges;
  }

  /** Returns a backend that reads segments of this writer from memory if they are still there. */
  withRetained(): Backend {
    return this.#objects.over(this.#retained.over(this.#backend), this.#writer);
  }

  /** Ends what goes on in the background. */
  close(): void {
    this.#repeated.close();
  }

  /**
   * Stores whole frames. Resolves with the number of bytes once the backend has acknowledged them. Rejects with
   * `FENCED` if the session is shut out.
   */
  async write(frames: readonly PendingFrame[]): Promise<number> {
    this.#unconfirmed ??= this.#backend.capabilities.append ? await this.#append(frames) : await this.#create(frames);
    const { bytes } = this.#unconfirmed;
    // If this fails, the next attempt only looks for the fence again.
    await this.#assertUnfenced();
    this.#unconfirmed = undefined;
    this.#acknowledgedAt = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    this.#repeated.removeOld(this.#writer);
    return bytes;
  }

  async #assertUnfenced(): Promise<void> {
    if (this.#fence === undefined) return;
    const key = fenceKey(this.#runId, this.#fence + 1);
    if ((await this.#backend.stat(key)) !== undefined) throw fencedError(this.#runId, key);
  }

  /**
   * Finds the stored segments that others have removed or cut, and stores those again that are still in memory. Reports
   * each lost segment once. Compacted segments may be gone. `before`: the segments to look at. `listed`: a listing made
   * after they were stored; a segment that it shows whole costs no request.
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
    for (const { seq, flushes, bytes } of before) {
      const points = this.#points.get(seq);
      if (points === undefined || (sizes.get(seq) ?? -1) >= bytes) continue;
      const name = { writer: this.#writer, seq, flushes };
      const key = segmentKey(this.#runId, name);
      const found = await this.#backend.stat(key);
      if (found !== undefined && found.size >= bytes) continue;
      end ??= { found: await keeper.compactedTo(this.#writer) };
      if (isCompacted(end.found, seq, bytes)) continue;
      changed++;
      const retained = this.#objects.retained(name);
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

  /** Takes another writer id, with an empty history. */
  rename(writer: string): void {
    this.#writer = writer;
    this.stored.length = 0;
    this.#points.clear();
    this.#retained.clear();
    this.#objects.clear();
    this.#repeated.clear();
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
      // A new segment holds nothing acknowledged. Removing it keeps hours of failures from leaving litter. After a
      // conflict the segment belongs to another process.
      if (isNew && !LedgerError.hasCode(error, "CONFLICT")) await this.#backend.remove(key).catch(() => {});
      throw error;
    }
    this.#retained.append(key, this.#size, bytes);
    this.#grow(bytes.length, frames);
    if (this.#size >= FULL_SEGMENT_BYTES) this.#begin(this.#seq + 1);
    return { frames, bytes: bytes.length };
  }

  async #create(frames: readonly PendingFrame[]): Promise<Unconfirmed> {
    const { wall, monotonic } = this.#acknowledgedAt;
    if (Math.max(this.#clock.now() - wall, this.#clock.monotonic() - monotonic) > AWAY_MS)
      await this.#objects.assertAlone(this.#writer, this.#seq);
    const stored = await this.#objects.create(this.#writer, this.#seq, frames);
    const { seq, flushes, bytes, repeated, points } = stored;
    for (const each of repeated) this.#points.delete(each.seq);
    this.stored.splice(this.stored.length - repeated.length);
    this.stored.push({ seq, flushes, bytes });
    this.#points.set(seq, points);
    this.#hasPoints ||= points > 0;
    this.#repeated.add(repeated, seq);
    for (const each of stored.left) this.#addDigest(each);
    this.#begin(seq + 1);
    return { frames, bytes };
  }

  /** Notes the digest of an object that does not stay in memory, if it may stay after the run is closed. */
  #addDigest(held: Held): void {
    const { seq, flushes } = held;
    if (this.#hasPoints && this.#backend.capabilities.exclusiveCreate) return;
    const segment = this.stored.find((each) => each.seq === seq);
    if (segment) void addDigest(segment, this.#objects.encode({ writer: this.#writer, seq, flushes }, held));
  }

  get #segment(): SegmentName {
    return { writer: this.#writer, seq: this.#seq, flushes: 1 };
  }

  #key(): string {
    return segmentKey(this.#runId, this.#segment);
  }

  #encode(frames: readonly PendingFrame[]): Uint8Array {
    return this.#encoder.encode(frames, this.#size, segmentSeed(this.#runId, this.#segment));
  }

  #begin(seq: number): void {
    this.#seq = seq;
    this.#size = 0;
    this.#encoder.begin();
  }

  #grow(bytes: number, frames: readonly PendingFrame[]): void {
    if (this.#size > 0) this.stored.pop();
    this.#size += bytes;
    const points = frames.reduce((sum, frame) => sum + frame.points, this.#points.get(this.#seq) ?? 0);
    this.#points.set(this.#seq, points);
    this.#hasPoints ||= points > 0;
    this.stored.push({ seq: this.#seq, flushes: 1, bytes: this.#size });
  }
}

/** Adds the digest of a segment that may stay after the run is closed: the inventory of the run needs it. */
async function addDigest(segment: StoredSegment, bytes: Uint8Array): Promise<void> {
  try {
    const { sha256Hex } = await loadSha256();
    segment.digest = formatDigest(await sha256Hex(bytes));
  } catch {
    // The hash code cannot be loaded. Closing the run reads the segment instead.
  }
}
