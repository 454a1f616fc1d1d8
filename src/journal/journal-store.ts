import type { Backend } from "../backend/backend.ts";
import { LedgerError, ledgerErrorOf } from "../errors/ledger-error.ts";
import { Backlog } from "./backlog.ts";
import type { Coverage } from "./compacted.ts";
import { fencedError, fenceKey } from "./fence.ts";
import { flushIsDue } from "./flush-policy.ts";
import { FlushWaiters } from "./flush-waiters.ts";
import type { PendingFrame } from "./frame-builder.ts";
import type { RunListing } from "./list-run.ts";
import { loopBlocked, LoopWatch } from "./loop-watch.ts";
import { journalPrefix } from "./segment.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { ShapeRegistry } from "./shape.ts";
import { WriteSchedule } from "./write-schedule.ts";
import type { WriterOptions } from "./writer-options.ts";
import { WriterCounts } from "./writer-stats.ts";

/** What a {@link JournalStore} calls. */
export interface StoreHooks {
  /** Adds the records about the writer itself. Called before each write. */
  readonly beforeWrite: () => void;
  /** Adds the events that had no room. Called after each acknowledged write. */
  readonly afterWrite: () => void;
  /** Called once, when a fence shuts the session out. */
  readonly onFenced: () => void;
}

/**
 * Stores the records of one writer session. One write is under way at a time. Records that a write did not store stay
 * in the backlog, and the next write tries them again. Writes begin and end only while the event loop turns.
 */
export class JournalStore {
  readonly registry: ShapeRegistry = new ShapeRegistry();
  readonly backlog: Backlog = new Backlog();
  readonly counts: WriterCounts = new WriterCounts();
  /** The event that began the session. After a change of the writer id it is stored again. */
  session: Uint8Array | undefined;
  readonly #options: WriterOptions;
  readonly #hooks: StoreHooks;
  readonly #segments: SegmentWriter;
  readonly #waiters = new FlushWaiters();
  readonly #schedule: WriteSchedule;
  readonly #loop: LoopWatch;
  #acknowledgedAt: number;
  #isWriting = false;
  #isDivided = false;
  #fenced: LedgerError | undefined;

  constructor(options: WriterOptions, hooks: StoreHooks) {
    this.#options = options;
    this.#hooks = hooks;
    const { runId, clock, policy } = options;
    this.#segments = new SegmentWriter(options, this.registry);
    this.#acknowledgedAt = clock.monotonic();
    this.#schedule = new WriteSchedule(clock, policy, () => this.write());
    const onBlocked = (ms: number): void => this.report(loopBlocked(runId, ms, this.backlog.points));
    this.#loop = new LoopWatch(clock, this.#schedule, onBlocked);
  }

  /** The writer id. It changes after a conflict. */
  get writer(): string {
    return this.#segments.writer;
  }

  /** The acknowledged part of the journal with the present writer id. */
  get stored(): Coverage {
    return { writer: this.writer, segments: [...this.#segments.stored], repeated: this.#segments.repeated };
  }

  /** When the backend last acknowledged a write, in ms of the monotonic clock. At first: when the session began. */
  get acknowledgedAt(): number {
    return this.#acknowledgedAt;
  }

  /** Whether a part of the records has another writer id, or was removed by others. */
  get isDivided(): boolean {
    return this.#isDivided;
  }

  get isFenced(): boolean {
    return this.#fenced !== undefined;
  }

  /** Returns the backend for reading. It reads segments of this session from memory if they are still there. */
  withRetained(): Backend {
    return this.#segments.withRetained();
  }

  /** Keeps an error as the latest one, and passes it to `onError`. */
  report(error: LedgerError): void {
    this.counts.lastError = error;
    this.#options.onError(error);
  }

  /**
   * Seals full frames and begins a write if one is due. Call it after each record; `time` is the time of the record.
   */
  added(time: number): void {
    const { builder } = this.backlog;
    if (builder.isFull) this.backlog.seal();
    if (flushIsDue(this.#options.policy, this.backlog)) this.write();
    else if ((builder.next & 63) === 0 && this.#schedule.isOverdue) this.write();
    // The caller may give every record the same time.
    if (time >= this.#loop.lookAt || (builder.next & 1023) === 0) this.#loop.look(time);
    this.arm();
  }

  /** Starts the timer of the next write, unless the timer or a write is under way. */
  arm(): void {
    if (!this.#schedule.isArmed && !this.#isWriting) this.#schedule.arm();
  }

  /** See `JournalWriter.flush`. */
  flush(urgent: boolean): Promise<void> {
    if (this.#fenced) return Promise.reject(this.#fenced);
    const target = this.backlog.next;
    if (this.backlog.acknowledgedTo >= target) return Promise.resolve();
    const stored = this.#waiters.wait(target, urgent ? "urgent" : "active");
    this.write();
    return stored;
  }

  /** See `JournalWriter.whenStored`. */
  whenStored(): Promise<void> {
    if (this.#fenced) return Promise.reject(this.#fenced);
    const target = this.backlog.next;
    return this.backlog.acknowledgedTo >= target ? Promise.resolve() : this.#waiters.wait(target, "passive");
  }

  /** How long the next write waits at most, in ms, if a record is added now. */
  get writeDueIn(): number {
    return this.#isWriting ? 0 : this.#schedule.dueIn;
  }

  /** See {@link WriteSchedule.interval}. */
  get interval(): number {
    return this.#schedule.interval;
  }

  /** Begins a write. A write that is under way continues with the records that are due. */
  write(): void {
    if (this.#fenced || this.#isWriting) return;
    // Only an urgent flush writes before the time of the retry.
    if (this.#schedule.isRetrying && !this.#waiters.areUrgent) return;
    this.#isWriting = true;
    this.#schedule.disarm();
    void this.#writeAll();
  }

  /** See `JournalWriter.checkStored`. Returns whether others have changed the journal. */
  async checkStored(before: Coverage, listing: RunListing): Promise<boolean> {
    const { keeper, runId } = this.#options;
    if (!listing.created) await keeper.restore();
    // The change of the id has counted the loss already.
    if (before.writer !== this.writer) return false;
    const listed = listing.writers.get(this.writer) ?? [];
    const { changed, lost, lostPoints } = await this.#segments.restore(keeper, before.segments, listed);
    if (changed === 0) return false;
    if (lost > 0) this.#isDivided = true;
    this.#lose(lostPoints, journalPrefix(runId));
    return true;
  }

  /** Throws `FENCED` if the session is shut out. `fences`: how many fences the run has now. */
  assertUnfenced(fences: number): void {
    const { runId, fence } = this.#options;
    if (fence !== undefined && fences > fence) this.#shutOut(fencedError(runId, fenceKey(runId, fences)));
    if (this.#fenced) throw this.#fenced;
  }

  /** Ends the timers. Records that are not flushed are lost. */
  close(): void {
    this.#schedule.close();
    this.#loop.close();
    this.#segments.close();
  }

  async #writeAll(): Promise<void> {
    const { backend, keeper } = this.#options;
    let startedOver = false;
    do {
      this.#hooks.beforeWrite();
      this.backlog.seal();
      const frames = this.#segments.undecided ?? this.backlog.oldest();
      if (frames.length === 0) break;
      try {
        // An append notices that its segment is gone. If each flush creates an object, only closing the run checks
        // that.
        if (backend.capabilities.append && !this.#segments.goesOn) await keeper.restore();
        const bytes = await this.#segments.write(frames);
        if (this.#fenced) break;
        this.#acknowledge(frames, bytes);
      } catch (error) {
        if (LedgerError.hasCode(error, "FENCED")) this.#shutOut(error);
        if (this.#fenced) break;
        // Only once: a store may show other bytes under every name.
        if (LedgerError.hasCode(error, "CONFLICT") && !startedOver) {
          startedOver = true;
          await this.#continueUnderNewId(error);
        } else {
          this.#fail(error);
          break;
        }
      }
    } while (this.#waiters.needWrite || flushIsDue(this.#options.policy, this.backlog));
    this.#isWriting = false;
    if (!this.backlog.isEmpty || this.counts.unrecordedDrops > 0) this.#schedule.arm();
  }

  #acknowledge(frames: readonly PendingFrame[], bytes: number): void {
    this.counts.acknowledge(this.backlog.remove(frames.length), bytes);
    const end = this.backlog.acknowledgedTo;
    this.#loop.turned();
    this.#schedule.succeeded();
    this.#acknowledgedAt = this.#options.clock.monotonic();
    this.#hooks.afterWrite();
    this.#waiters.acknowledge(end);
  }

  #fail(cause: unknown): void {
    const error = ledgerErrorOf(cause, "the backend failed without saying why");
    this.#schedule.failed();
    this.#loop.turned();
    this.#waiters.reject(error);
    this.report(error);
  }

  /** Ends all writes for good. Records in the backlog stay there. */
  #shutOut(error: LedgerError): void {
    if (this.#fenced) return;
    this.#fenced = error;
    this.#hooks.onFenced();
    this.#fail(error);
  }

  /**
   * The segment is not as this writer left it. Others have removed or changed it, or have compacted it because they
   * took the writer for gone, or write under the same id, as a copied virtual machine does.
   */
  async #continueUnderNewId(cause: LedgerError): Promise<void> {
    // If each flush creates an object, objects that are stored stay valid under any new id.
    const { backend, keeper } = this.#options;
    if (!backend.capabilities.append) return this.#startOver();
    const { changed, lostPoints } = await this.#segments
      .restore(keeper)
      // Nothing shows what is left: everything may be lost.
      .catch(() => ({ changed: 1, lostPoints: this.counts.acknowledged }));
    this.#startOver();
    if (changed > 0) this.#lose(lostPoints, cause.key ?? "", cause);
  }

  /** Reports that others have changed the journal. `points`: how many points are lost with it, at most. */
  #lose(points: number, key: string, cause?: LedgerError): void {
    this.counts.lose(points);
    this.report(journalChanged(this.#options.runId, points, key, cause));
  }

  /** Takes a new writer id. Records that are not acknowledged are numbered from 0 under it. */
  #startOver(): void {
    const { acknowledgedTo } = this.backlog;
    // If the old id has the session event already, the new id needs a copy.
    const session = acknowledgedTo > 0 ? this.session : undefined;
    const base = acknowledgedTo - (session ? 1 : 0);
    this.#isDivided = true;
    this.#segments.rename(this.#options.newWriterId());
    this.backlog.startOver(base);
    if (session) this.backlog.prepend(session);
    this.#waiters.renumber(base);
  }
}

/** The error for a journal that others removed or changed. `points`: how many acknowledged points are lost, at most. */
function journalChanged(runId: string, points: number, key: string, cause?: LedgerError): LedgerError {
  const lost = points > 0 ? `up to ${points} acknowledged points are gone` : "no acknowledged point is gone";
  const message =
    `others have removed or changed the journal of run ${runId} while it was written: ${lost}, and ` +
    "the run goes on";
  return new LedgerError("CONFLICT", message, { key, cause });
}
