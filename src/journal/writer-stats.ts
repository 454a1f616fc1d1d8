import type { LedgerError } from "../errors/ledger-error.ts";

/** How much a writer has logged, stored and dropped. `points = acknowledged + buffered + dropped`. */
export interface WriterStats {
  /** The number of metric values that `log()` took, and of texts, images, histograms and tables that were dropped. */
  readonly points: number;
  /** The number of points that are stored, with the durability of the backend. */
  readonly acknowledged: number;
  /** The number of points that wait in memory. */
  readonly buffered: number;
  /**
   * The number of points that were dropped because the buffer was full, or because `guardProcess` had closed the run. A
   * text, an image, a histogram or a table counts as one.
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
  /** The latest error of the backend, or of a text, image, histogram or table, even if a later attempt succeeded. */
  readonly lastError?: LedgerError;
}

/** Counts the points that a writer got, stored and dropped. */
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

  /** The number of dropped points that are not recorded yet. */
  get unrecordedDrops(): number {
    return this.#unrecorded;
  }

  add(points: number): void {
    this.#points += points;
  }

  /** Counts dropped points. Returns `true` for the first drop since the last one was recorded. */
  drop(points: number): boolean {
    this.#dropped += points;
    this.#unrecorded += points;
    return this.#unrecorded === points;
  }

  /** Counts points that come after the end of the run, and so are never recorded. */
  refuse(points: number): void {
    this.#points += points;
    this.#dropped += points;
  }

  acknowledge(points: number, bytes: number): void {
    this.#acknowledged += points;
    this.#bytesWritten += bytes;
    this.#flushes++;
  }

  /** Counts acknowledged points that others removed as dropped. */
  lose(points: number): void {
    this.#acknowledged -= points;
    this.drop(points);
  }

  /** Returns {@link unrecordedDrops}, and counts them as recorded. */
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
