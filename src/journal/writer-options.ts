import type { Backend } from "../backend/backend.ts";
import type { Clock } from "../platform/clock.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import type { FlushPolicy } from "./flush-policy.ts";
import type { JsonSize } from "./json-size.ts";
import type { CompactedEnd } from "./compacted.ts";

export interface WriterOptions {
  readonly backend: Backend;
  readonly runId: string;
  readonly writerId: string;
  readonly clock: Clock;
  readonly policy: FlushPolicy;
  /** A record is written at least this often, in ms. */
  readonly beatMs: number;
  /** Place of the latest event the writer knows of. Its own come after it. */
  readonly order: number;
  /** How much the run holds already; see `sizeOfRun`. */
  readonly held: JsonSize;
  /** How many fences the run had when the session began; the next one shuts it out. Left out: none does. */
  readonly fence?: number | undefined;
  readonly newWriterId: () => string;
  readonly keeper: RunKeeper;
  readonly onError: (error: LedgerError) => void;
}

/** What a writer of a journal needs done when others may have removed something of its run. */
export interface RunKeeper {
  /** Puts back what a reader needs besides the journals. Costs a request when it is there. */
  restore(): Promise<void>;
  /** How far the journal of a writer is compacted: of that nothing need be there any more. */
  compactedTo(writer: string): Promise<CompactedEnd | undefined>;
}
