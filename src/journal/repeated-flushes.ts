import { firstFlush, type FlushRange, wantedFlushes } from "./flush-pattern.ts";
import type { PendingFrame } from "./frame-builder.ts";

/**
 * An object repeats at most this many bytes of earlier objects, so that most objects take one read. What they have
 * together with the flush itself does not count: the number of flushes in an object must follow from what was stored
 * before it.
 */
export const REPEATED_BYTES: number = 3 * 1024 * 1024;
/** This many bytes of objects stay in memory, so that closing the run need not fetch them. */
const HELD_BYTES: number = 8 * 1024 * 1024;

/** A stored object that no later one repeats. */
interface StoredFlushes extends FlushRange {
  readonly bytes: number;
  /** `undefined`: not in memory any more. */
  frames: readonly PendingFrame[] | undefined;
  /** The state that it begins with. */
  state: Uint8Array | undefined;
}

/** What an object repeats. */
export interface Repeated {
  /** The objects that it repeats, in order. */
  readonly objects: readonly FlushRange[];
  readonly frames: readonly PendingFrame[];
  /** The state that the first of them begins with. */
  readonly state?: Uint8Array | undefined;
}

/**
 * The frames of the stored objects of a writer. Each object holds some of its flushes. Everything here follows from
 * the sizes of stored objects alone. So two copies of a process give equal names to the next object, and one of them
 * notices the other.
 */
export class RepeatedFlushes {
  readonly #objects: StoredFlushes[] = [];
  #held = 0;

  /** Returns what object number `seq` repeats: the objects before it as far as the pattern and their sizes allow. */
  before(seq: number): Repeated {
    const from = seq + 1 - wantedFlushes(seq);
    let at = this.#objects.length;
    for (let bytes = 0; at > 0; at--) {
      const object = this.#objects[at - 1]!;
      bytes += object.bytes;
      if (object.frames === undefined || bytes > REPEATED_BYTES || firstFlush(object) < from) break;
    }
    const objects = this.#objects.slice(at);
    return { objects, frames: objects.flatMap(({ frames = [] }) => frames), state: objects[0]?.state };
  }

  /**
   * Adds a stored object. Returns objects that left the memory for it.
   */
  add({ seq, flushes }: FlushRange, { bytes, repeated, frames, state }: Added): Held[] {
    for (const _ of repeated.objects) this.#forget(this.#objects.pop()!);
    this.#objects.push({ seq, flushes, bytes, frames: [...repeated.frames, ...frames.map(copyOf)], state });
    this.#held += bytes;
    const left: Held[] = [];
    for (const object of this.#objects) {
      if (this.#held <= HELD_BYTES) break;
      if (object.frames === undefined) continue;
      left.push({ ...object, frames: object.frames });
      this.#forget(object);
    }
    return left;
  }

  /** Returns the objects that no later one repeats, in order. */
  get objects(): readonly StoredFlushes[] {
    return this.#objects;
  }

  /** Returns the objects that are still in memory. */
  held(): Held[] {
    return this.#objects.flatMap((object) => (object.frames ? [{ ...object, frames: object.frames }] : []));
  }

  clear(): void {
    this.#objects.length = 0;
    this.#held = 0;
  }

  #forget(object: StoredFlushes): void {
    if (object.frames !== undefined) this.#held -= object.bytes;
    object.frames = undefined;
    object.state = undefined;
  }
}

/** An object that is in memory. */
export interface Held extends FlushRange {
  readonly frames: readonly PendingFrame[];
  readonly state: Uint8Array | undefined;
}

/** A stored object: what it repeats, and its other frames. */
interface Added {
  readonly bytes: number;
  readonly repeated: Repeated;
  readonly frames: readonly PendingFrame[];
  readonly state: Uint8Array | undefined;
}

/** Returns a frame with a body of its own: the writer uses bodies again. */
function copyOf(frame: PendingFrame): PendingFrame {
  return { ...frame, body: frame.body.slice(0, frame.length) };
}
