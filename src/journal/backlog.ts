import { FrameBuilder, type PendingFrame } from "./frame-builder.ts";
import type { RunEvent } from "./event.ts";

/** The greatest number of encoded bytes that one call of the backend gets. */
const WRITE_BYTES: number = 4 * 1024 * 1024;
/** Kinds of events that the writer records about itself, not for the program. */
const OWN: ReadonlySet<string> = new Set<RunEvent["kind"]>(["session", "beat", "dropped", "clock", "leave"]);

/** The records of a writer that the backend has not acknowledged: whole frames in order, and the frame under way. */
export class Backlog {
  /** Takes the rows. {@link event} takes the events. */
  readonly builder: FrameBuilder = new FrameBuilder();
  readonly #frames: PendingFrame[] = [];
  #bytes = 0;
  #points = 0;
  #acknowledgedTo = 0;
  /** The number after the last event of the program. */
  #eventsTo = 0;

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

  /** The number of the next record. */
  get next(): number {
    return this.builder.next;
  }

  /** The number after the last acknowledged record. */
  get acknowledgedTo(): number {
    return this.#acknowledgedTo;
  }

  /** Whether events wait that the program asked for. */
  get hasEvents(): boolean {
    return this.#eventsTo > this.#acknowledgedTo;
  }

  /** Adds an event, given as UTF-8 bytes of JSON. */
  event(kind: RunEvent["kind"], json: Uint8Array): void {
    this.builder.event(json);
    if (!OWN.has(kind)) this.#eventsTo = this.builder.next;
  }

  /** Ends the frame under way, unless it is empty. */
  seal(): void {
    const frame = this.builder.seal();
    if (frame === undefined) return;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#points += frame.points;
  }

  /** Returns the oldest frames, as many as fit one write. They stay until {@link remove} removes them. */
  oldest(): readonly PendingFrame[] {
    let bytes = 0;
    const end = this.#frames.findIndex((frame, i) => (bytes += frame.length) > WRITE_BYTES && i > 0);
    return end < 0 ? [...this.#frames] : this.#frames.slice(0, end);
  }

  /** Removes the oldest `count` frames, because they are acknowledged. Returns the number of points in them. */
  remove(count: number): number {
    let points = 0;
    let next = 0;
    for (const frame of this.#frames.splice(0, count)) {
      points += frame.points;
      next = frame.first + frame.count;
      this.#bytes -= frame.length;
      this.builder.recycle(frame);
    }
    this.#points -= points;
    this.#acknowledgedTo = next;
    return points;
  }

  /** Lowers the numbers of all records that wait by `base`. No record counts as acknowledged any more. */
  startOver(base: number): void {
    this.seal();
    for (const frame of this.#frames) frame.first -= base;
    this.builder.renumber(this.builder.next - base);
    this.#acknowledgedTo = 0;
    this.#eventsTo -= base;
  }

  /**
   * Puts an event, given as UTF-8 bytes of JSON, before all others, as number 0. The others must begin with number 1.
   */
  prepend(event: Uint8Array): void {
    const builder = new FrameBuilder();
    builder.event(event);
    const frame = builder.seal() as PendingFrame;
    this.#frames.unshift(frame);
    this.#bytes += frame.length;
  }
}
