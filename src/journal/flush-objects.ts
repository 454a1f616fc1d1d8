import type { Backend } from "../backend/backend.ts";
import { equalBytes } from "../backend/body.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { FIRST_STATE, firstFlush, type FlushRange } from "./flush-pattern.ts";
import type { FlushStates } from "./flush-states.ts";
import type { PendingFrame } from "./frame-builder.ts";
import { type Held, type Repeated, RepeatedFlushes } from "./repeated-flushes.ts";
import { RetainedSegments } from "./retained-segments.ts";
import type { RunCreated } from "./run-created.ts";
import { journalPrefix, parseSegmentKey, segmentKey, type SegmentName, segmentSeed } from "./segment.ts";
import type { SegmentEncoder } from "./segment-encoder.ts";
import type { WriterOptions } from "./writer-options.ts";

/** An object that {@link FlushObjects} stored. */
export interface StoredFlush extends FlushRange {
  readonly bytes: number;
  /** The objects that it repeats, in order. */
  readonly repeated: readonly FlushRange[];
  /** Metric values in all its frames. */
  readonly points: number;
  /** Objects that left the memory for it, or the object itself. */
  readonly left: readonly Held[];
}

/** An object that an attempt may have created. */
interface Undecided {
  readonly name: SegmentName;
  readonly bytes: Uint8Array;
  readonly repeated: Repeated;
  readonly frames: readonly PendingFrame[];
  readonly state: Uint8Array | undefined;
}

const flushStates = /* @__PURE__ */ onDemand(() => import("./flush-states.ts"));

/**
 * Stores each flush of a writer as an object, which repeats flushes before it; see `wantedFlushes`. After a failure the
 * next attempt sends exactly the same object, so an attempt whose answer was lost creates no second one.
 */
export class FlushObjects {
  readonly #backend: Backend;
  readonly #runId: string;
  readonly #encoder: SegmentEncoder;
  readonly #flushes = new RepeatedFlushes();
  readonly #created: RunCreated | undefined;
  #states: FlushStates | undefined;
  /** Whether records were not folded, so that no state can be made. */
  #hasGap = false;
  #undecided: Undecided | undefined;

  constructor(
    { backend, runId, created }: Pick<WriterOptions, "backend" | "runId" | "created">,
    encoder: SegmentEncoder,
  ) {
    this.#backend = backend;
    this.#runId = runId;
    this.#created = created;
    this.#encoder = encoder;
  }

  /** Frames that {@link create} must get again before any other, because an earlier attempt may have stored them. */
  get undecided(): readonly PendingFrame[] | undefined {
    return this.#undecided?.frames;
  }

  /** Creates object number `seq` of a writer. Rejects with `CONFLICT` if it exists with other bytes. */
  async create(writer: string, seq: number, frames: readonly PendingFrame[]): Promise<StoredFlush> {
    this.#undecided ??= await this.#next(writer, seq, frames);
    const { name, bytes, repeated } = this.#undecided;
    const key = segmentKey(this.#runId, name);
    try {
      // Objects that it repeats may be removed once it is stored.
      await this.#backend.create(key, bytes, name.flushes > 1 ? { durable: true } : {});
    } catch (error) {
      if (!LedgerError.hasCode(error, "EXISTS")) throw error;
      const there = await this.#backend.read(key, { range: { offset: 0, length: bytes.length + 1 } });
      if (!equalBytes(there, bytes)) throw sameWriterError(key, error);
    }
    const left = this.#flushes.add(name, { ...this.#undecided, bytes: bytes.length });
    const all = [...repeated.frames, ...this.#undecided.frames];
    this.#undecided = undefined;
    const points = all.reduce((sum, frame) => sum + frame.points, 0);
    return { seq, flushes: name.flushes, bytes: bytes.length, repeated: repeated.objects, points, left };
  }

  /**
   * Rejects with `CONFLICT` if another process has stored objects of this writer from number `seq` on. {@link create}
   * notices that only while they are there: the other process removes those that it has repeated.
   */
  async assertAlone(writer: string, seq: number): Promise<void> {
    const next = segmentKey(this.#runId, { writer, seq, flushes: 1 });
    const undecided = this.#undecided && segmentKey(this.#runId, this.#undecided.name);
    const own = `${journalPrefix(this.#runId)}/${writer}.`;
    for await (const { key } of this.#backend.list(journalPrefix(this.#runId), { startAfter: next.slice(0, -1) })) {
      if (!key.startsWith(own)) return;
      if ((parseSegmentKey(key)?.seq ?? -1) >= seq && key !== undecided) throw sameWriterError(key);
    }
  }

  /** Returns the bytes of an object if it is still in memory. */
  retained(name: SegmentName): Uint8Array | undefined {
    const held = this.#flushes.held().find(({ seq, flushes }) => seq === name.seq && flushes === name.flushes);
    return held && this.encode(name, held);
  }

  /** Returns a backend that reads objects of a writer from memory if they are still there. */
  over(backend: Backend, writer: string): Backend {
    const retained = new RetainedSegments();
    for (const each of this.#flushes.held()) {
      const name = { writer, ...each };
      retained.add(segmentKey(this.#runId, name), () => this.encode(name, each));
    }
    return retained.over(backend);
  }

  clear(): void {
    this.#undecided = undefined;
    this.#flushes.clear();
    this.#states = undefined;
    this.#hasGap = false;
  }

  async #next(writer: string, seq: number, frames: readonly PendingFrame[]): Promise<Undecided> {
    const repeated = this.#flushes.before(seq);
    const flushes = repeated.objects.reduce((sum, each) => sum + each.flushes, 1);
    const name = { writer, seq, flushes };
    const state = await this.#stateOf(name, repeated);
    const bytes = this.encode(name, { frames: [...repeated.frames, ...frames], state });
    return { name, bytes, repeated, frames, state };
  }

  /** Returns the state that an object begins with. */
  async #stateOf(name: SegmentName, repeated: Repeated): Promise<Uint8Array | undefined> {
    if (this.#created === undefined || name.seq < FIRST_STATE || this.#hasGap) return undefined;
    const code = await flushStates().catch(() => undefined);
    // The code cannot be loaded. Readers then need more objects.
    if (code === undefined) return undefined;
    const { FlushStates } = code;
    const states = (this.#states ??= new FlushStates(this.#created, name.writer));
    for (const { seq, frames } of this.#flushes.objects) {
      if (seq <= states.seq) continue;
      if (frames) states.add(frames, seq);
      this.#hasGap ||= frames === undefined;
    }
    if (firstFlush(name) === 0) return states.first();
    if (repeated.objects.length > 0) return repeated.state;
    return this.#hasGap ? undefined : states.now();
  }

  /** Returns the bytes of an object with these frames. */
  encode(name: SegmentName, { frames, state }: Pick<Held, "frames" | "state">): Uint8Array {
    this.#encoder.begin();
    return this.#encoder.encode(frames, 0, segmentSeed(this.#runId, name), state);
  }
}

function sameWriterError(key: string, cause?: unknown): LedgerError {
  const message = "another process writes under the same writer id, as a copied virtual machine does";
  return new LedgerError("CONFLICT", message, { key, cause });
}
