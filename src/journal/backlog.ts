import { FrameBuilder, type PendingFrame } from "./frame-builder.ts";

/** Most encoded bytes handed to the backend in one call. */
const WRITE_BYTES: number = 4 * 1024 * 1024;

/** The records of a writer that the backend has not acknowledged: whole frames in order, and the one being built. */
export class Backlog {
  /** Takes the records. */
  readonly builder: FrameBuilder = new FrameBuilder();
  readonly #frames: PendingFrame[] = [];
  #bytes = 0;
  #points = 0;

  /** Encoded bytes that wait. */
  get bytes(): number {
    return this.#bytes + this.builder.length;
  }

  /** Metric values that wait. */
  get points(): number {
    return this.#points + this.builder.points;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0 && this.builder.length === 0;
  }

  /** Ends the frame being built, if there is anything in it. */
  seal(): void {
    const frame = this.builder.seal();
    if (frame === undefined) return;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#points += frame.points;
  }

  /** The oldest frames, as many as go in one call. They stay until they are {@link remove}d. */
  next(): readonly PendingFrame[] {
    let bytes = 0;
    const end = this.#frames.findIndex((frame, i) => (bytes += frame.length) > WRITE_BYTES && i > 0);
    return end < 0 ? [...this.#frames] : this.#frames.slice(0, end);
  }

  /** Lets the oldest `count` frames go, which are acknowledged; returns the points in them and the number behind their last record. */
  remove(count: number): { points: number; next: number } {
    let points = 0;
    let next = 0;
    for (const frame of this.#frames.splice(0, count)) {
      points += frame.points;
      next = frame.first + frame.count;
      this.#bytes -= frame.length;
      this.builder.recycle(frame);
    }
    this.#points -= points;
    return { points, next };
  }

  /** Gives what waits new numbers, `base` lower. */
  renumber(base: number): void {
    this.seal();
    for (const frame of this.#frames) frame.first -= base;
    this.builder.renumber(this.builder.next - base);
  }

  /** Puts an event, its JSON in UTF-8, before all that waits, as number 0. What waits must begin with number 1. */
  prepend(event: Uint8Array): void {
    const builder = new FrameBuilder();
    builder.event(event);
    const frame = builder.seal() as PendingFrame;
    this.#frames.unshift(frame);
    this.#bytes += frame.length;
  }
}

/** Kinds that tell of the writer, not of what the program does. */
const OWN: ReadonlySet<string> = new Set(["session", "beat", "dropped", "clock", "leave"]);

/** Knows whether events that the program asked for wait to be stored. */
export class UnstoredEvents {
  /** How many records there were with the latest of them. */
  #to = 0;

  /** An event of this kind is the latest of so many `records`. */
  add(kind: string, records: number): void {
    if (!OWN.has(kind)) this.#to = records;
  }

  /** Records are numbered from `base` on. */
  renumber(base: number): void {
    this.#to -= base;
  }

  /** Whether one is not among the first `stored` records. */
  exceed(stored: number): boolean {
    return this.#to > stored;
  }
}
