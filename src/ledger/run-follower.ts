import type { Backend } from "../backend/backend.ts";
import { type Damage, losesRecords, placesOf } from "../journal/damage.ts";
import { segmentsBeyond } from "../journal/newest-document.ts";
import type { Round } from "../journal/writer-follower.ts";
import { foldRun } from "../journal/fold-run.ts";
import { lostObjects, lostRecords, withDamage } from "../journal/lost-objects.ts";
import { readLifecycle, withDeletedAt } from "../journal/lifecycle.ts";
import { listRun, type RunListing } from "../journal/list-run.ts";
import { type RunCreated, runCreatedKey, runNotFound } from "../journal/run-created.ts";
import { readRunDocument } from "../journal/read-run-document.ts";
import type { RunDocument } from "../journal/run-document.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { readRunState } from "../journal/run-state.ts";
import { inSlices } from "../platform/event-loop.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import { areWritersAlive } from "../journal/writers-alive.ts";
import { FollowedWriters } from "./followed-writers.ts";
import { PointBuffer } from "./point-buffer.ts";
import { readAfterCompaction } from "./read-after-compaction.ts";
import { readRunCreated } from "./read-run.ts";
import type { CheckedWatchOptions, RunUpdate } from "./run-update.ts";

/** Follows a run: each look reads what is new, and {@link take} returns it as an update. */
export class RunFollower {
  readonly #backend: Backend;
  readonly #id: string;
  readonly #options: CheckedWatchOptions;
  readonly #signal: AbortSignal;
  readonly #buffer: PointBuffer | undefined;
  readonly #writers: FollowedWriters;
  #created: RunCreated | undefined;
  #documentNumber = 0;
  #document: RunDocument | undefined;
  /** Whether the record has something that this did not read from journals. */
  #isPartial = false;
  #record: RunRecord | undefined;
  /** The number of the newest deletion marker that was read, and its time. */
  #lifecycle = 0;
  #deletedAt: number | undefined;
  #damage = "";
  /** The places in the journals where points are lost, and how many of them an update has reported. */
  #lost = 0;
  #lostTold = 0;
  #isComplete = true;
  #hasNews = false;
  #hasNewDocument = false;
  #isUntold = false;
  #isOver = false;
  /** The folds of the record. */
  #folds: readonly WriterFold[] = [];
  /** Whether no writer closed the run, and all were certainly gone before the last look ended. */
  #areGone = false;
  #round: Round = { grew: false, unsettled: false };

  constructor(backend: Backend, id: string, options: CheckedWatchOptions, signal: AbortSignal) {
    this.#backend = backend;
    this.#id = id;
    this.#options = options;
    this.#signal = signal;
    this.#buffer = options.points ? new PointBuffer(options.keys) : undefined;
    this.#writers = new FollowedWriters(backend, id, this.#buffer, () => (this.#hasNews = true));
  }

  /** Whether the last look found something new. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** Whether the last look found new bytes, and whether another look is needed soon. */
  get round(): Readonly<Round> {
    return this.#round;
  }

  /** Whether the record says that the run is closed. */
  get isClosed(): boolean {
    return this.#record !== undefined && this.#record.status !== "running";
  }

  /**
   * Whether the run was closed before the last look, and that look found nothing new. One look is not enough, because
   * it reads writers one after another: records that one writer stored before another closed the run may need a later
   * look.
   */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Looks once. Pauses whenever the buffer is full, so that the caller can {@link take}. After a failure the next look
   * continues.
   */
  async *look(): AsyncGenerator<void, void, undefined> {
    const wasClosed = this.isClosed;
    const wereGone = this.#areGone;
    // Keeps the news of a look that failed.
    if (this.#isComplete) {
      this.#hasNews = false;
      this.#hasNewDocument = false;
      this.#round = { grew: false, unsettled: false };
    }
    this.#isComplete = false;
    this.#isOver = false;
    const call = { signal: this.#signal };
    const created = (this.#created ??= await readRunCreated(this.#backend, this.#id, this.#signal));
    const listing = await listRun(this.#backend, this.#id, call);
    if (listing.writers.size === 0 && listing.newestDocument === 0) await this.#assertThere(created, listing);
    if (listing.lifecycle > this.#lifecycle) {
      this.#deletedAt = await readLifecycle(this.#backend, this.#id, listing.lifecycle, call);
      this.#lifecycle = listing.lifecycle;
      this.#hasNews = true;
    }
    await this.#readDocument(created, listing.newestDocument);
    const document = this.#document;

    if (document !== undefined && this.#writers.lacks(document, listing))
      yield* this.#readCompacted(created, document, listing);
    // Without points, a document that covers everything makes reading the journals unnecessary.
    const isCovered = document !== undefined && segmentsBeyond(document, listing.writers).size === 0;
    const isSpared = isCovered && this.#buffer === undefined && this.#writers.isEmpty;
    if (!isSpared) {
      for (const [writer, segments] of listing.writers) {
        for await (const _ of this.#writers.follower(writer).read(segments, this.#round, call)) {
          if (this.#isFull) yield this.#pause(created, listing);
        }
      }
    }

    const damage = marks(this.#readDamage(listing));
    if (this.#record === undefined || damage !== this.#damage) this.#hasNews = true;
    this.#damage = damage;
    if ((this.#isPartial || isSpared) && (this.#hasNewDocument || this.#round.grew)) this.#hasNews = true;
    if (this.#hasNews) {
      const isSaid = isSpared && lostObjects(this.#id, { document, listing }).length === 0;
      if (isSaid && document.record.status !== "running") this.#record = document.record;
      else {
        // `readRunState` lists the run again, because the journals may be newer than the first listing.
        const folds = isSpared || this.#isPartial ? undefined : this.#writers.folds(created, listing);
        const isWhole = folds !== undefined && lostRecords(this.#id, folds, listing).length === 0;
        const state = isWhole ? undefined : await readRunState(this.#backend, created, call);
        this.#folds = state?.folds ?? folds ?? [];
        this.#record = withDamage(foldRun(created, this.#folds), state?.lost ?? []);
        this.#lost += countLost(state?.lost ?? []);
      }
      this.#isUntold = true;
    }
    await this.#askWriters(created, listing, wereGone);
    this.#isComplete = true;
    this.#isOver = wasClosed && this.isClosed && !this.#hasNews && !this.#round.unsettled;
  }

  /** Returns the next update, or `undefined` if there is nothing new. */
  async take(): Promise<RunUpdate | undefined> {
    if (!this.#isUntold || this.#record === undefined) return undefined;
    const record = withDeletedAt(this.#record, this.#deletedAt);
    this.#isUntold = false;
    const hasGap = this.#buffer !== undefined && this.#lost > this.#lostTold;
    this.#lostTold = this.#lost;
    const points = this.#buffer ? await inSlices(this.#buffer.take()) : new Map();
    return { status: record.status, record, points, ...(hasGap && { gap: true }) };
  }

  get #isFull(): boolean {
    return this.#buffer !== undefined && this.#buffer.length >= this.#options.maxPoints;
  }

  /**
   * Ends a run that no writer closed once all writers are certainly gone. A writer may have recorded something before
   * it ended, so this needs a look that began afterwards and found nothing new.
   */
  async #askWriters(created: RunCreated, listing: RunListing, wereGone: boolean): Promise<void> {
    if (this.#record?.status !== "running") return;
    this.#areGone = (await areWritersAlive(this.#backend, created, this.#folds, listing.fences)) === "gone";
    if (!this.#areGone) return;
    if (!wereGone || this.#hasNews) {
      this.#round.unsettled = true;
      return;
    }
    const { damage } = this.#record;
    this.#record = { ...foldRun(created, this.#folds, { gone: true }), damage };
    this.#hasNews = this.#isUntold = true;
  }

  /** Makes the record of what was read so far, for an update in the middle of a look. */
  #pause(created: RunCreated, listing: RunListing): void {
    this.#readDamage(listing);
    this.#record = this.#isPartial
      ? (this.#record ?? this.#document?.record)
      : foldRun(created, this.#writers.folds(created, listing));
    this.#isUntold = true;
  }

  #readDamage(listing: RunListing): Damage[] {
    const damage = this.#writers.damage(listing);
    this.#lost = countLost(damage);
    return damage;
  }

  /**
   * Checks a run without journals and documents: either nothing was logged yet, or everything is lost. Throws if it is
   * gone or lost.
   */
  async #assertThere(created: RunCreated, listing: RunListing): Promise<void> {
    const call = { signal: this.#signal };
    const found = await this.#backend.stat(runCreatedKey(this.#id), call);
    if (found === undefined) throw runNotFound(this.#id);
    // This throws if the document that named the points is lost.
    if (listing.metrics.length > 0) await readRunState(this.#backend, created, call);
  }

  async #readDocument(created: RunCreated, number: number): Promise<void> {
    if (number <= this.#documentNumber) return;
    const call = { signal: this.#signal };
    const document = await readRunDocument(this.#backend, this.#id, number, call);
    // This throws unless the journals have what the damaged document had.
    if (document === undefined) await readRunState(this.#backend, created, call);
    this.#document = document ?? this.#document;
    this.#documentNumber = number;
    this.#hasNewDocument = true;
  }

  async *#readCompacted(created: RunCreated, document: RunDocument, listing: RunListing): AsyncGenerator<void> {
    const { compacted } = document;
    this.#isPartial = true;
    if (this.#buffer === undefined || compacted === undefined) return;
    const listed = new Set(listing.metrics.map(({ name }) => name));
    const isThere = compacted.metrics.every(({ name }) => listed.has(name));
    if (!isThere) {
      // The listing may be old: then the next look finds everything.
      const { lost } = await readRunState(this.#backend, created, { signal: this.#signal });
      if (lost.length === 0) return void (this.#round.unsettled = true);
    }
    const rest = readAfterCompaction({
      backend: this.#backend,
      runId: this.#id,
      compacted,
      told: this.#buffer.told,
      keys: this.#options.keys,
      signal: this.#signal,
    });
    for await (const { writer, key, points } of isThere ? rest : []) {
      this.#buffer.writer(writer).series(key, points);
      this.#hasNews = true;
      if (this.#isFull) yield this.#pause(created, listing);
    }
    for (const { writer, next } of compacted.writers) this.#writers.follower(writer).skipTo(next);
    for (const [writer, end] of Object.entries(compacted.ends)) this.#writers.follower(writer).passOver(end);
  }
}

function marks(damage: readonly Damage[]): string {
  return damage.map(({ kind, key, from, to, more }) => `${kind} ${key} ${from} ${to} ${more}`).join("\n");
}

function countLost(damage: readonly Damage[]): number {
  return damage.filter(losesRecords).reduce((sum, each) => sum + placesOf(each), 0);
}
