import type { Backend } from "../backend/backend.ts";
import type { Clock } from "../platform/clock.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import type { FlushPolicy } from "./flush-policy.ts";
import type { JsonSize } from "./json-size.ts";
import type { RunKeeper } from "./run-keeper.ts";

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
