import type { Backend } from "../backend/backend.ts";
import { LedgerError, ledgerErrorOf } from "../errors/ledger-error.ts";
import { Backlog, UnstoredEvents } from "./backlog.ts";
import type { Coverage } from "./compacted.ts";
import { EventOverflow } from "./event-overflow.ts";
import { encodeEvent, type NewEvent, type RunEvent } from "./event.ts";
import { fencedError, fenceKey } from "./fence.ts";
import { droppedPoints, flushIsDue } from "./flush-policy.ts";
import { FlushWaiters } from "./flush-waiters.ts";
import type { PendingFrame } from "./frame-builder.ts";
import { Heartbeat, WriteSchedule } from "./write-schedule.ts";
import { journalChanged } from "./journal-changed.ts";
import { loopBlocked, LoopWatch } from "./loop-watch.ts";
import type { RunListing } from "./list-run.ts";
import type { RunCreated } from "./run-created.ts";
import { assertFits, isBounded, ReservedRoom } from "./run-size.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { journalPrefix } from "./segment.ts";
import { SessionClock } from "./session-clock.ts";
import { type Shape, ShapeRegistry } from "./shape.ts";
import { type WriterFold, WriterFolder } from "./writer-fold.ts";
import type { WriterOptions } from "./writer-options.ts";
import { WriterCounts, type WriterStats } from "./writer-stats.ts";

/**
 * The buffered journal of one writer session. Adding records never waits and never throws for trouble with the backend;
 * one write is under way at a time; what a write did not store stays and is tried again. Writes begin and end only while the event loop turns.
 */
export class JournalWriter {
  readonly registry: ShapeRegistry = new ShapeRegistry();
  readonly #options: WriterOptions;
  readonly #backlog = new Backlog();
  readonly #segments: SegmentWriter;
  readonly #folder = new WriterFolder();
  readonly #waiters = new FlushWaiters();
  readonly #overflowed: EventOverflow;
  readonly #schedule: WriteSchedule;
  readonly #heartbeat: Heartbeat;
  readonly #loop: LoopWatch;
  #acknowledgedTo = 0;
  #acknowledgedAt: number;
  readonly #unstoredEvents = new UnstoredEvents();
  #order: number;
  readonly counts: WriterCounts = new WriterCounts();
  readonly #reserved = new ReservedRoom();
  /** Part of what was recorded stands under another id, or is gone. */
  #onlyJournalsTell = false;
  #writing = false;
  #fenced: LedgerError | undefined;
  /** The event that began the session, which a new name needs too. */
  #session: Uint8Array | undefined;
  /** Called once, when the session is shut out. */
  onFenced: (() => void) | undefined;
  #beats = true;
  readonly #clock: SessionClock;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { backend, runId, writerId, clock, fence, policy, beatMs } = options;
    this.#segments = new SegmentWriter(backend, runId, writerId, this.registry, fence);
    this.#acknowledgedAt = clock.monotonic();
    this.#clock = new SessionClock(clock);
    this.#order = options.order;
    this.#overflowed = new EventOverflow(policy.maxBufferedBytes, (error) => this.report(error));
    this.#schedule = new WriteSchedule(clock, policy, () => this.#write());
    this.#heartbeat = new Heartbeat(clock, beatMs, () => this.#beat());
    const tell = (ms: number): void => this.report(loopBlocked(runId, ms, this.#backlog.points));
    this.#loop = new LoopWatch(clock, this.#schedule, tell);
  }

  get id(): string {
    return this.#segments.writer;
  }

  /** Later events come after `order` too. */
  observe(order: number): void {
    if (order > this.#order) this.#order = order;
  }

  /** What of this writer's journal, under its present id, the backend has acknowledged by now. */
  get stored(): Coverage {
    return { writer: this.id, segments: [...this.#segments.stored] };
  }

  /** Number of the next record. */
  get next(): number {
    return this.#backlog.builder.next;
  }

  /**
   * What this writer has recorded, its own `dropped` and `clock` events included, as a reader of its journal would fold it.
   * `undefined` after a clash of writer ids, or when others removed something of it: then only the journals tell.
   */
  fold(created: RunCreated): WriterFold | undefined {
    return this.#onlyJournalsTell ? undefined : this.#folder.fold(this.id, this.next, created);
  }

  /** See {@link SessionClock.steadyTime}. */
  get steadyTime(): number {
    return this.#clock.steadyTime;
  }

  /** The backend, for reading: what of this writer's journal is still in memory is not fetched. */
  withRetained(): Backend {
    return this.#segments.withRetained();
  }

  get stats(): WriterStats {
    const { overwritten, dropped } = this.#overflowed;
    return { ...this.counts.stats(this.#backlog.points), overwrittenEvents: overwritten, droppedEvents: dropped };
  }

  /** Adds a row of metric values; see `FrameBuilder.row`. False when it was dropped. */
  row(shape: Shape, step: number, time: number, values: Float64Array): boolean {
    if (!this.#hasRoom(shape.keyIds.length)) return false;
    this.#backlog.builder.row(shape, step, time, values);
    this.#folder.row(0, shape.keys, step, time, values);
    this.#added(time);
    return true;
  }

  /** Adds a row that names its keys: `names`, and `keys` as UTF-8. False when it was dropped. */
  looseRow(
    names: readonly string[],
    keys: readonly Uint8Array[],
    step: number,
    time: number,
    values: Float64Array,
  ): boolean {
    if (!this.#hasRoom(keys.length)) return false;
    this.#backlog.builder.looseRow(keys, step, time, values);
    this.#folder.row(0, names, step, time, values);
    this.#added(time);
    return true;
  }

  /** Adds an event, unless the session is shut out. Throws for data that cannot be kept, naming the path below `field`. */
  event(event: NewEvent, field: string): void {
    const order = this.#order + 1;
    const encoded = encodeEvent(event, order, this.#options.clock.now(), field);
    if (this.#fenced) return;
    if (isBounded(event)) {
      assertFits(this.#options.held, this.#folder.sizeWith(encoded.event), event.kind, field);
      // Once one of them has no room the later ones queue behind it.
      if (!this.hasRoom || this.isOverflowing) return this.#overflowed.add(encoded.event);
    }
    if (event.kind === "session") this.#session = encoded.bytes;
    this.#record(encoded, order);
  }

  /** Reserves room for a version to come. Returns what releases the room. Throws `TOO_LARGE` if the run would hold too much with it. */
  reserve(event: NewEvent, field: string): () => void {
    const encoded = encodeEvent(event, this.#order + 1, this.#options.clock.now(), field);
    return this.#reserved.take(encoded.event, [this.#options.held, this.#folder.size], field);
  }

  #record({ bytes, event }: { readonly bytes: Uint8Array; readonly event: RunEvent }, order: number): void {
    this.#order = order;
    this.#backlog.builder.event(bytes);
    this.#folder.event(0, event);
    this.#unstoredEvents.add(event.kind, this.next);
    this.#added(event.time);
  }

  /** Params, tags, rich values or the like wait to be stored. */
  get hasUnstoredEvents(): boolean {
    return this.isOverflowing || this.#unstoredEvents.exceed(this.#acknowledgedTo);
  }

  /** Events wait for room in the buffer. */
  get isOverflowing(): boolean {
    return !this.#overflowed.isEmpty;
  }

  /** Records what had no room, if there is some again. */
  #recordOverflow(): void {
    if (!this.isOverflowing || this.#backlog.bytes > this.#options.policy.maxBufferedBytes / 2) return;
    for (const event of this.#overflowed.take())
      this.#record(encodeEvent(event, this.#order + 1, event.time, event.kind), this.#order + 1);
  }

  /** Whether the bound of what may wait is not reached yet. */
  get hasRoom(): boolean {
    return this.#backlog.bytes <= this.#options.policy.maxBufferedBytes;
  }

  /** Counts `count` values that were logged and given up before they came here, and records that. */
  drop(count: number): void {
    this.counts.add(count);
    this.counts.drop(count);
    if (!this.#schedule.isArmed && !this.#writing) this.#schedule.arm();
  }

  /** Tells of trouble that is not the journal's own. */
  report(error: LedgerError): void {
    this.counts.lastError = error;
    this.#options.onError(error);
  }

  /**
   * Resolves once everything added before the call is acknowledged; rejects with the cause of the first attempt that fails,
   * and always with `FENCED` once the session is shut out. Where the attempt before failed, one that is not `urgent` leaves the next to the timer.
   */
  flush(urgent = true): Promise<void> {
    return this.isOverflowing ? this.#flushOverflow(urgent) : this.#flushBuffered(urgent);
  }

  #flushBuffered(urgent: boolean): Promise<void> {
    if (this.#fenced) return Promise.reject(this.#fenced);
    const target = this.next;
    if (this.#acknowledgedTo >= target) return Promise.resolve();
    const stored = this.#waiters.wait(target, urgent);
    this.#write();
    return stored;
  }

  async #flushOverflow(urgent: boolean): Promise<void> {
    await this.#overflowed.drain(() => this.#flushBuffered(urgent).then(() => this.#recordOverflow()));
    await this.#flushBuffered(urgent);
  }

  /**
   * Looks whether all that was acknowledged is still there: `listing` was made when `before` had been stored. What others have
   * removed is told of and counted as dropped. Nothing may be written meanwhile. Costs a request only for what is not listed.
   */
  async checkStored(before: Coverage, listing: RunListing): Promise<void> {
    const { keeper } = this.#options;
    if (!listing.created) await keeper.restore();
    // What led to another name since then is counted already.
    if (before.writer !== this.id) return;
    const listed = listing.writers.get(this.id) ?? [];
    const { changed, lost, lostPoints } = await this.#segments.restore(keeper, before.segments, listed);
    if (changed === 0) return;
    if (lost > 0) this.#onlyJournalsTell = true;
    this.#lose(lostPoints, journalPrefix(this.#options.runId));
    this.#recordOwn();
    await this.flush();
  }

  /** From now on no sign of life is recorded: behind the end of a run nothing may come. */
  endBeats(): void {
    this.#beats = false;
  }

  /** Throws `FENCED` when the session is shut out: that was met before, or the run has `fences` fences, one too many. */
  assertUnfenced(fences = 0): void {
    const { runId, fence } = this.#options;
    if (fence !== undefined && fences > fence) this.#shutOut(fencedError(runId, fenceKey(runId, fences)));
    if (this.#fenced) throw this.#fenced;
  }

  /** Ends the timers. Records that are not flushed are lost. */
  close(): void {
    this.#schedule.close();
    this.#heartbeat.stop();
    this.#loop.close();
  }

  #hasRoom(points: number): boolean {
    this.counts.add(points);
    if (this.hasRoom) return true;
    if (this.counts.drop(points)) this.report(droppedPoints(this.#options.policy.maxBufferedBytes));
    return false;
  }

  #added(time: number): void {
    const { builder } = this.#backlog;
    if (builder.isFull) this.#backlog.seal();
    if (flushIsDue(this.#options.policy, this.#backlog)) this.#write();
    else if ((builder.next & 63) === 0 && this.#schedule.isOverdue) this.#write();
    // The caller may have given the time, which need not go on.
    if (time >= this.#loop.lookAt || (builder.next & 1023) === 0) this.#loop.look(time);
    if (!this.#schedule.isArmed && !this.#writing) this.#schedule.arm();
  }

  /** Shows that the writer is there, unless what it recorded has just shown it. */
  #beat(): void {
    const { clock, beatMs } = this.#options;
    if (!this.#beats || !this.#backlog.isEmpty || clock.monotonic() - this.#acknowledgedAt < beatMs * 0.9) return;
    this.event({ kind: "beat" }, "beat");
    this.#write();
  }

  /** Begins to write unless a write is under way, which then goes on with what is due. */
  #write(): void {
    if (this.#fenced || this.#writing) return;
    // Only an explicit flush is more pressing.
    if (this.#schedule.isRetrying && !this.#waiters.areUrgent) return;
    this.#writing = true;
    this.#schedule.disarm();
    void this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    const { backend, keeper } = this.#options;
    let startedOver = false;
    do {
      this.#recordOwn();
      this.#backlog.seal();
      const frames = this.#segments.undecided ?? this.#backlog.next();
      if (frames.length === 0) break;
      try {
        // Appending finds out by itself whether the segment is still there. Where each flush is an object, closing the run does.
        if (backend.capabilities.append && !this.#segments.goesOn) await keeper.restore();
        const bytes = await this.#segments.write(frames);
        if (this.#fenced) break;
        this.#acknowledge(frames, bytes);
      } catch (error) {
        if (LedgerError.hasCode(error, "FENCED")) this.#shutOut(error);
        if (this.#fenced) break;
        // Once: a store that shows other bytes under any name would be asked for ever.
        if (LedgerError.hasCode(error, "CONFLICT") && !startedOver) {
          startedOver = true;
          await this.#goOnElsewhere(error);
        } else {
          this.#fail(error);
          break;
        }
      }
    } while (!this.#waiters.isEmpty || flushIsDue(this.#options.policy, this.#backlog));
    this.#writing = false;
    if (!this.#backlog.isEmpty || this.counts.unrecordedDrops > 0) this.#schedule.arm();
  }

  #acknowledge(frames: readonly PendingFrame[], bytes: number): void {
    const { points, next } = this.#backlog.remove(frames.length);
    this.counts.acknowledge(points, bytes);
    this.#loop.turned();
    this.#acknowledgedTo = next;
    this.#schedule.succeeded();
    this.#acknowledgedAt = this.#options.clock.monotonic();
    this.#recordOverflow();
    this.#waiters.acknowledge(next);
  }

  #fail(cause: unknown): void {
    const error = ledgerErrorOf(cause, "the backend failed without saying why");
    this.#schedule.failed();
    this.#loop.turned();
    this.#waiters.reject(error);
    this.report(error);
  }

  /** For good: nothing is written any more, and what waits stays. */
  #shutOut(error: LedgerError): void {
    if (this.#fenced) return;
    this.#fenced = error;
    this.close();
    this.onFenced?.();
    this.#fail(error);
  }

  /**
   * The segment is not as this writer left it: others have removed or changed it, have compacted it because the writer seemed
   * to be gone, or write under the same id, as a copied virtual machine would.
   */
  async #goOnElsewhere(cause: LedgerError): Promise<void> {
    // Where each flush is an object, what was stored before does not depend on the name that is taken.
    const { backend, keeper } = this.#options;
    if (!backend.capabilities.append) return this.#startOver();
    // Should this fail, there is no telling.
    const { changed, lostPoints } = await this.#segments
      .restore(keeper)
      .catch(() => ({ changed: 1, lostPoints: this.counts.acknowledged }));
    this.#startOver();
    if (changed > 0) this.#lose(lostPoints, cause.key ?? "", cause);
  }

  /** Tells that others have changed the journal, and counts the points that are gone with it, at most. */
  #lose(points: number, key: string, cause?: LedgerError): void {
    this.counts.lose(points);
    this.report(journalChanged(this.#options.runId, points, key, cause));
  }

  /** What is not acknowledged goes on under a new writer id, numbered from 0. */
  #startOver(): void {
    // Should the session be on record under the old name already, it is told again: what it says holds for this one too.
    const session = this.#acknowledgedTo > 0 ? this.#session : undefined;
    const base = this.#acknowledgedTo - (session ? 1 : 0);
    this.#onlyJournalsTell = true;
    this.#segments.rename(this.#options.newWriterId());
    this.#backlog.renumber(base);
    if (session) this.#backlog.prepend(session);
    this.#waiters.renumber(base);
    this.#acknowledgedTo = 0;
    this.#unstoredEvents.renumber(base);
  }

  /** Adds what the run should know about the writer itself: points it gave up, jumps of the wall clock. */
  #recordOwn(): void {
    const points = this.counts.takeUnrecorded();
    if (points > 0) this.event({ kind: "dropped", points }, "dropped");
    const jumpMs = this.#clock.takeJump();
    if (jumpMs !== 0) this.event({ kind: "clock", jumpMs }, "clock");
  }
}
