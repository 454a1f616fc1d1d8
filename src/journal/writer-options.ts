import type { Backend } from "../backend/backend.ts";
import type { Clock } from "../platform/clock.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import type { FlushPolicy } from "./flush-policy.ts";
import type { JsonSize } from "./json-size.ts";
import type { CompactedEnd } from "./compacted.ts";
import type { RunCreated } from "./run-created.ts";

/** When a writer removes objects that later ones repeat. */
export interface Removal {
  /** How many gather before they are removed. */
  readonly gathered: number;
  /** How long each of them stays at least, in ms. */
  readonly keptMs: number;
}

/** What a `JournalWriter` is made of. */
export interface WriterOptions {
  readonly backend: Backend;
  readonly runId: string;
  readonly writerId: string;
  /** The beginning of the run. Without it, objects of the journal begin with no state; see `FlushStates`. */
  readonly created?: RunCreated | undefined;
  readonly clock: Clock;
  readonly policy: FlushPolicy;
  /** The writer records something at least this often, in ms. */
  readonly beatMs: number;
  /** The order of the latest event that the writer knows. Its own events come after it. */
  readonly order: number;
  /** The size of the run so far; see `sizeOfRun`. */
  readonly held: JsonSize;
  /**
   * How many fences the run had when the session began. The next fence shuts the session out. `undefined`: none does.
   */
  readonly fence?: number | undefined;
  /** When objects are removed that later ones repeat. Default: see `RepeatedObjects`. */
  readonly removal?: Removal | undefined;
  readonly newWriterId: () => string;
  readonly keeper: RunKeeper;
  readonly onError: (error: LedgerError) => void;
}

/** What a writer needs if others may have removed objects of its run. */
export interface RunKeeper {
  /** Restores what a reader needs besides the journals. Costs one request if nothing is missing. */
  restore(): Promise<void>;
  /** Returns how far the journal of a writer is compacted. The compacted segments may be gone. */
  compactedTo(writer: string): Promise<CompactedEnd | undefined>;
}
