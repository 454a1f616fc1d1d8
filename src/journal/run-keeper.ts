import type { CompactedEnd } from "./compacted.ts";

/** What a writer of a journal needs done when others may have removed something of its run. */
export interface RunKeeper {
  /** Puts back what a reader needs besides the journals. Costs a request when it is there. */
  restore(): Promise<void>;
  /** How far the journal of a writer is compacted: of that nothing need be there any more. */
  compactedTo(writer: string): Promise<CompactedEnd | undefined>;
}
