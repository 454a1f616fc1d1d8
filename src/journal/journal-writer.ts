import type { Backend } from "../backend/backend.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import type { Backlog } from "./backlog.ts";
import type { Coverage } from "./compacted.ts";
import { encodeEvent, type NewEvent, type RunEvent } from "./event.ts";
import { EventOverflow } from "./event-overflow.ts";
import { droppedPoints } from "./flush-policy.ts";
import { inSlices } from "../platform/event-loop.ts";
import { JournalStore } from "./journal-store.ts";
import type { RunListing } from "./list-run.ts";
import type { RunCreated } from "./run-created.ts";
import { assertFits, isBounded, ReservedRoom } from "./run-size.ts";
import { SessionClock } from "./session-clock.ts";
import type { Shape, ShapeRegistry } from "./shape.ts";
import { Heartbeat } from "./write-schedule.ts";
import { type WriterFold, WriterFolder } from "./writer-fold.ts";
import type { WriterOptions } from "./writer-options.ts";
import type { WriterCounts, WriterStats } from "./writer-stats.ts";

/**
 * The journal of one writer session. It takes records, keeps them within bounds and folds them; a {@link JournalStore}
 * stores them in the background. Adding a record never waits, and never throws for trouble with the backend.
 */
export class JournalWriter {
  readonly registry: ShapeRegistry;
  readonly counts: WriterCounts;
  readonly #options: WriterOptions;
  readonly #store: JournalStore;
  readonly #backlog: Backlog;
  readonly #folder = new WriterFolder();
  readonly #overflow: EventOverflow;
  readonly #heartbeat: Heartbeat;
  readonly #clock: SessionClock;
  readonly #reserved = new ReservedRoom();
  #order: number;
  #beats = true;
  /** Called once, when a fence shuts the session out. */
  onFenced: (() => void) | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { clock, policy, beatMs } = options;
    this.#store = new JournalStore(options, {
      beforeWrite: () => this.#recordOwn(),
      afterWrite: () => this.#recordOverflow(),
      onFenced: () => {
        this.close();
        this.onFenced?.();
      },
    });
    this.registry = this.#store.registry;
    this.counts = this.#store.counts;
    this.#backlog = this.#store.backlog;
    this.#clock = new SessionClock(clock);
    this.#order = options.order;
    this.#overflow = new EventOverflow(policy.maxBufferedBytes, (error) => this.report(error));
    this.#heartbeat = new Heartbeat(clock, beatMs, () => this.#beat());
  }

  get id(): string {
    return this.#store.writer;
  }

  /** Places later events of this writer after `order`. */
  observe(order: number): void {
    if (order > this.#order) this.#order = order;
  }

  /** The acknowledged part of the journal with the present writer id. */
  get stored(): Coverage {
    return this.#store.stored;
  }

  /** The number of the next record. */
  get next(): number {
    return this.#backlog.next;
  }

  /**
   * Returns the records of this writer, its own `dropped` and `clock` events included, as a reader of the journal would
   * fold them. Returns `undefined` if a part of them has another writer id or was removed: then only the journals have
   * them. The session must not record anything meanwhile.
   */
  async fold(created: RunCreated): Promise<WriterFold | undefined> {
    if (this.#store.isDivided) return undefined;
    return await inSlices(this.#folder.foldInPieces(this.id, this.next, created));
  }

  /** See {@link SessionClock.steadyTime}. */
  get steadyTime(): number {
    return this.#clock.steadyTime;
  }

  /** Returns the backend for reading. It reads segments of this session from memory if they are still there. */
  withRetained(): Backend {
    return this.#store.withRetained();
  }

  get stats(): WriterStats {
    const { overwritten, dropped } = this.#overflow;
    return { ...this.counts.stats(this.#backlog.points), overwrittenEvents: overwritten, droppedEvents: dropped };
  }

  /** Adds a row of metric values; see `FrameBuilder.row`. Returns `false` if the row was dropped. */
  row(shape: Shape, step: number, time: number, values: Float64Array): boolean {
    if (!this.#takes(shape.keyIds.length)) return false;
    this.#backlog.builder.row(shape, step, time, values);
    this.#folder.row(0, shape.keys, step, time, values);
    this.#store.added(time);
    return true;
  }

  /** Adds a row that names its keys: `names`, and `keys` as UTF-8. Returns `false` if the row was dropped. */
  looseRow(
    names: readonly string[],
    keys: readonly Uint8Array[],
    step: number,
    time: number,
    values: Float64Array,
  ): boolean {
    if (!this.#takes(keys.length)) return false;
    this.#backlog.builder.looseRow(keys, step, time, values);
    this.#folder.row(0, names, step, time, values);
    this.#store.added(time);
    return true;
  }

  /**
   * Adds an event, unless the session is shut out. Throws for data that JSON cannot keep, and names the path below
   * `field`.
   */
  event(event: NewEvent, field: string): void {
    const order = this.#order + 1;
    const encoded = encodeEvent(event, order, this.#options.clock.now(), field);
    if (this.#store.isFenced) return;
    if (isBounded(event)) {
      assertFits(this.#options.held, this.#folder.sizeWith(encoded.event), event.kind, field);
      // Once one event overflows, later events overflow too. This keeps their order.
      if (!this.hasRoom || this.isOverflowing) return this.#overflow.add(encoded.event);
    }
    if (event.kind === "session") this.#store.session = encoded.bytes;
    this.#record(encoded, order);
  }

  /**
   * Reserves room for a future version, and returns a function that releases it. Throws `TOO_LARGE` if there is none.
   */
  reserve(event: NewEvent, field: string): () => void {
    const encoded = encodeEvent(event, this.#order + 1, this.#options.clock.now(), field);
    return this.#reserved.take(encoded.event, [this.#options.held, this.#folder.size], field);
  }

  /** Whether params, tags, rich values or other events of the program are not stored yet. */
  get hasUnstoredEvents(): boolean {
    return this.isOverflowing || this.#backlog.hasEvents;
  }

  /** Whether events wait for room in the buffer. */
  get isOverflowing(): boolean {
    return !this.#overflow.isEmpty;
  }

  /** Whether the buffer is below its bound. */
  get hasRoom(): boolean {
    return this.#backlog.bytes <= this.#options.policy.maxBufferedBytes;
  }

  /** Counts and records `count` values that were logged, but dropped before they reached this writer. */
  drop(count: number): void {
    this.counts.add(count);
    this.counts.drop(count);
    this.#store.arm();
  }

  /** Keeps an error as the latest one, and passes it to `onError`. */
  report(error: LedgerError): void {
    this.#store.report(error);
  }

  /**
   * Resolves once the backend has acknowledged everything that was added before the call. Rejects with the error of the
   * first attempt that fails, and with `FENCED` once the session is shut out. After a failed attempt, a flush that is
   * not `urgent` waits for the timer of the next attempt.
   */
  flush(urgent = true): Promise<void> {
    return this.isOverflowing ? this.#flushOverflow(urgent) : this.#store.flush(urgent);
  }

  /**
   * Resolves once the backend has acknowledged everything that was added before the call. Does not begin a write: it
   * waits for one that begins for another reason. Rejects as {@link flush} does.
   */
  whenStored(): Promise<void> {
    return this.#store.whenStored();
  }

  /**
   * How long until the write after the next one begins, in ms, if records come all the time. What is recorded shortly
   * before needs no write of its own.
   */
  get secondWriteIn(): number {
    return this.#store.writeDueIn + this.#store.interval;
  }

  async #flushOverflow(urgent: boolean): Promise<void> {
    await this.#overflow.drain(() => this.#store.flush(urgent).then(() => this.#recordOverflow()));
    await this.#store.flush(urgent);
  }

  /**
   * Checks that everything acknowledged is still there. `before` is {@link stored} before the run was listed as
   * `listing`. Reports and counts what others have removed. Costs a request only for a segment that is not listed
   * whole. Nothing may be written meanwhile.
   */
  async checkStored(before: Coverage, listing: RunListing): Promise<void> {
    if (!(await this.#store.checkStored(before, listing))) return;
    this.#recordOwn();
    await this.flush();
  }

  /** Ends the heartbeat: nothing may come after the end of a run. */
  endBeats(): void {
    this.#beats = false;
  }

  /** Throws `FENCED` if the session is shut out. `fences`: how many fences the run has now, if that is known. */
  assertUnfenced(fences = 0): void {
    this.#store.assertUnfenced(fences);
  }

  /** Ends the timers. Records that are not flushed are lost. */
  close(): void {
    this.#store.close();
    this.#heartbeat.stop();
  }

  #takes(points: number): boolean {
    this.counts.add(points);
    if (this.hasRoom) return true;
    if (this.counts.drop(points)) this.report(droppedPoints(this.#options.policy.maxBufferedBytes));
    return false;
  }

  #record({ bytes, event }: { readonly bytes: Uint8Array; readonly event: RunEvent }, order: number): void {
    this.#order = order;
    this.#backlog.event(event.kind, bytes);
    this.#folder.event(0, event);
    this.#store.added(event.time);
  }

  /** Records the events that overflowed, once half of the buffer is free. */
  #recordOverflow(): void {
    if (!this.isOverflowing || this.#backlog.bytes > this.#options.policy.maxBufferedBytes / 2) return;
    for (const event of this.#overflow.take())
      this.#record(encodeEvent(event, this.#order + 1, event.time, event.kind), this.#order + 1);
  }

  /** Records a sign of life, unless a recent record was one. */
  #beat(): void {
    const { clock, beatMs } = this.#options;
    const isRecent = clock.monotonic() - this.#store.acknowledgedAt < beatMs * 0.9;
    if (!this.#beats || !this.#backlog.isEmpty || isRecent) return;
    this.event({ kind: "beat" }, "beat");
    this.#store.write();
  }

  /** Records what the run should know about the writer itself: dropped points, and jumps of the wall clock. */
  #recordOwn(): void {
    const points = this.counts.takeUnrecorded();
    if (points > 0) this.event({ kind: "dropped", points }, "dropped");
    const jumpMs = this.#clock.takeJump();
    if (jumpMs !== 0) this.event({ kind: "clock", jumpMs }, "clock");
  }
}
