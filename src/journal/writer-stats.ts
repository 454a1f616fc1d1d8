import type { LedgerError } from "../errors/ledger-error.ts";

/** How much a writer has logged, stored and dropped. `points = acknowledged + buffered + dropped`. */
export interface WriterStats {
  /** The number of metric values that `log()` took, and of rich values that were dropped. */
  readonly points: number;
  /** The number of points that are stored, with the durability of the backend. */
  readonly acknowledged: number;
  /** The number of points that wait in memory. */
  readonly buffered: number;
  /**
   * The number of points that were dropped because the buffer was full, or because `guardProcess` had closed the run. A
   * rich value counts as one.
   */
  readonly dropped: number;
  /**
   * The number of events (tags, params, notes, …) that later ones replaced before they could be stored, because the
   * buffer was full.
   */
  readonly overwrittenEvents: number;
  /** The number of events that were dropped because even the newest of each kind were too many. */
  readonly droppedEvents: number;
  /** The journal bytes that the backend has acknowledged. */
  readonly bytesWritten: number;
  /** The number of writes that the backend has acknowledged. */
  readonly flushes: number;
  /** The latest error of the backend or of a rich value, even if a later attempt succeeded. */
  readonly lastError?: LedgerError;
}

/** Counts what a writer was given and what became of it. */
export class WriterCounts {
  lastError: LedgerError | undefined;
  #points = 0;
  #acknowledged = 0;
  #dropped = 0;
  #unrecorded = 0;
  #bytesWritten = 0;
  #flushes = 0;

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Dropped points that the run does not know of yet. */
  get unrecordedDrops(): number {
    return this.#unrecorded;
  }

  add(points: number): void {
    this.#points += points;
  }

  /** True for the first drop since the run recorded those before. */
  drop(points: number): boolean {
    this.#dropped += points;
    this.#unrecorded += points;
    return this.#unrecorded === points;
  }

  /** Points that come too late for the run to know of. */
  refuse(points: number): void {
    this.#points += points;
    this.#dropped += points;
  }

  acknowledge(points: number, bytes: number): void {
    this.#acknowledged += points;
    this.#bytesWritten += bytes;
    this.#flushes++;
  }

  /** Acknowledged points are gone. */
  lose(points: number): void {
    this.#acknowledged -= points;
    this.drop(points);
  }

  /** {@link unrecordedDrops}, which are recorded now. */
  takeUnrecorded(): number {
    const points = this.#unrecorded;
    this.#unrecorded = 0;
    return points;
  }

  stats(buffered: number): Omit<WriterStats, "overwrittenEvents" | "droppedEvents"> {
    return {
      points: this.#points,
      acknowledged: this.#acknowledged,
      buffered,
      dropped: this.#dropped,
      bytesWritten: this.#bytesWritten,
      flushes: this.#flushes,
      ...(this.lastError && { lastError: this.lastError }),
    };
  }
}
