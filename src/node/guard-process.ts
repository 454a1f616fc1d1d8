import { LedgerError } from "../index.ts";
import { type GuardedRun, ProcessGuard } from "./process-guard.ts";

/** Options of `guardProcess`. */
export interface GuardOptions {
  /** How long closing the runs may keep the process from ending, in ms. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Closes a run truthfully, however the process ends: SIGINT and SIGTERM as `killed`, an uncaught error or rejection as
 * `failed` with the error, a normal end as `finished`, or as `failed` if the exit code is not 0. The process then ends
 * as it would have: by the signal, with exit code 1 and the error on stderr, or with its own exit code. A second signal
 * ends it at once.
 *
 * Any number of runs may be guarded: they are closed together. The guard comes off by itself once the run is closed;
 * the returned function takes it off before. While no run is guarded, nothing listens to the process.
 *
 * If the program itself listens for the same signal, or for `uncaughtException`, the runs are closed and the program
 * decides what follows.
 *
 * A training loop may continue while its run is being closed. What it hands to `log()`, `setTags()` and other calls
 * that return nothing is dropped; values are counted in `run.stats.dropped`. Calls that return a promise reject with
 * `RUN_CLOSED`, which is not reported if nobody catches it. If the program keeps the process, `onError` gets one
 * `RUN_CLOSED` for the run.
 *
 * `process.exit()` leaves no time to store what is buffered: await `run.finish()` before it.
 *
 * Throws `INVALID_ARGUMENT`, or `UNSUPPORTED` for an unknown option.
 */
export function guardProcess(run: GuardedRun, options?: GuardOptions): () => void {
  const { timeoutMs } = checkGuard(run, options);
  return ProcessGuard.get().add(run, timeoutMs);
}

/** Throws before anything listens: `INVALID_ARGUMENT`, or `UNSUPPORTED` for an option that there is not. */
function checkGuard(run: GuardedRun, options: GuardOptions = {}): { readonly timeoutMs: number } {
  const wrong = (field: string, expected: string, found: string, cause?: unknown): LedgerError =>
    new LedgerError("INVALID_ARGUMENT", `${field} must be ${expected}, but ${found}`, { field, cause });
  try {
    if (typeof (run as Partial<GuardedRun> | undefined)?.finish !== "function") {
      const isPromise = typeof (run as unknown as Partial<Promise<GuardedRun>> | undefined)?.then === "function";
      throw wrong("run", "a Run", isPromise ? "is a Promise: await it first" : "is something else");
    }
    if (typeof options !== "object" || options === null) throw wrong("options", "an object", "is something else");
    const unknown = Object.keys(options).find(
      (name) => name !== "timeoutMs" && Reflect.get(options, name) !== undefined,
    );
    if (unknown !== undefined) {
      const message = `guardProcess does not know the option ${JSON.stringify(unknown.slice(0, 100))}, only "timeoutMs"`;
      throw new LedgerError("UNSUPPORTED", message, { field: unknown.slice(0, 100) });
    }
    const { timeoutMs = 10_000 } = options;
    if (typeof timeoutMs !== "number" || !(timeoutMs >= 0))
      throw wrong("timeoutMs", "a number of ms", `is ${typeof timeoutMs === "number" ? timeoutMs : typeof timeoutMs}`);
    return { timeoutMs };
  } catch (error) {
    throw LedgerError.is(error) ? error : wrong("options", "readable", "a getter or a proxy throws", error);
  }
}
