/** The guard of this process, put there by `guardProcess` of `runledger/node`. */
export interface ProcessGuard {
  /** It closes runs now, and ends the process then. */
  readonly isEnding: boolean;
  /** It closed the run because of a signal or an uncaught error. */
  hasClosed(runId: string): boolean;
  /** The run is no longer open. */
  ended(run: object): void;
}

// `runledger/node` knows only the public entry, so `src/node/process-guard.ts` repeats the name. All copies of the library in a
// process share it: change the number at its end with what a guard can do.
const GUARD: unique symbol = Symbol.for("runledger.processGuard.1");

export function processGuard(): ProcessGuard | undefined {
  return (globalThis as { readonly process?: { readonly [GUARD]?: ProcessGuard } }).process?.[GUARD];
}
