/** The guard of this process, which `guardProcess` of `runledger/node` sets. */
export interface ProcessGuard {
  /** Whether it is closing runs, and then ends the process. */
  readonly isEnding: boolean;
  /** Returns whether it closed the run because of a signal or an uncaught error. */
  hasClosed(runId: string): boolean;
  /** Returns whether it closes the run at the end of the process, unless `process.exit()` leaves no time. */
  guards(runId: string): boolean;
  /** Returns whether it is closing the run after the natural end of the program. */
  closesAtEnd(runId: string): boolean;
  /** Must be called when a run is no longer open. */
  ended(run: object): void;
}

// `src/node/process-guard.ts` repeats the name, because it may be of another copy of the library. All copies of the
// library in a process share the guard: change the number at the end of the name whenever `ProcessGuard` changes.
const GUARD: unique symbol = Symbol.for("runledger.processGuard.4");

export function processGuard(): ProcessGuard | undefined {
  return (globalThis as { readonly process?: { readonly [GUARD]?: ProcessGuard } }).process?.[GUARD];
}
