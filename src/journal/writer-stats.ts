import type { LedgerError } from "../errors/ledger-error.ts";

/** How far a writer is. `points = acknowledged + buffered + dropped`. */
export interface WriterStats {
  /** Metric values handed to `log()`, and rich values that were dropped. */
  readonly points: number;
  /** Stored, at the backend's chosen durability. */
  readonly acknowledged: number;
  /** Waiting in memory. */
  readonly buffered: number;
  /** Given up because the buffer's bound was reached, or because `guardProcess` had closed the run: metric values, and rich values as one each. */
  readonly dropped: number;
  /** Events (tags, params, notes, …) that later ones replaced before they could be stored, since the buffer was full. */
  readonly overwrittenEvents: number;
  /** Events that were given up because even the newest of each kind were too many. */
  readonly droppedEvents: number;
  /** Journal bytes acknowledged by the backend. */
  readonly bytesWritten: number;
  /** Writes acknowledged by the backend. */
  readonly flushes: number;
  /** The latest trouble with the backend or with a rich value, also once it has been overcome. */
  readonly lastError?: LedgerError;
}
