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
