import { LedgerError } from "../index.ts";
import { type GuardedRun, ProcessGuard } from "./process-guard.ts";

/** Options of `guardProcess`. */
export interface GuardOptions {
  /** How long closing the runs may delay the end of the process, in ms. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Closes a run with the right status when the process ends: as `killed` after SIGINT, SIGTERM or SIGHUP, as `failed`
 * with the error after an uncaught error or rejection, as `finished` after a normal end, or as `failed` if the exit
 * code is not 0 then. A top-level `await` that never settles makes the exit code 13. The process then ends as it would
 * without the guard: by the signal, with exit code 1 and the error on stderr, or with its own exit code. A second
 * signal ends it at once.
 *
 * You may guard any number of runs. They are closed together. The guard ends when its run is closed; the returned
 * function ends it earlier. While no run is guarded, nothing listens to the process.
 *
 * SIGHUP comes when the terminal or the SSH session ends. On Windows it comes when the console window is closed, and
 * Windows ends the process about 10 s later. Other signals are not guarded: SIGUSR1 and SIGUSR2 belong to the program,
 * and SIGQUIT ends the process at once, so that a process that hangs can be stopped.
 *
 * If the program itself listens for the same signal, or for `uncaughtException`, the runs are closed and the program
 * decides what follows.
 *
 * A training loop may continue while its run is being closed. `log()`, `setTags()` and other calls that return nothing
 * then have no effect; `run.stats.dropped` counts the dropped values. Calls that return a promise reject with
 * `RUN_CLOSED`, which is not reported if nobody catches it. If the program keeps the process alive, `onError` gets one
 * `RUN_CLOSED` for the run.
 *
 * `process.exit()` leaves no time to store buffered values: await `run.finish()` first.
 *
 * Throws `INVALID_ARGUMENT`, or `UNSUPPORTED` for an unknown option.
 */
export function guardProcess(run: GuardedRun, options?: GuardOptions): () => void {
  const { timeoutMs } = checkGuard(run, options);
  return ProcessGuard.get().add(run, timeoutMs);
}

/** Returns the checked options. Throws `INVALID_ARGUMENT`, or `UNSUPPORTED` for an unknown option. */
function checkGuard(run: GuardedRun, options: GuardOptions = {}): { readonly timeoutMs: number } {
  const wrong = (field: string, expected: string, found: string, cause?: unknown): LedgerError =>
    new LedgerError("INVALID_ARGUMENT", `${field} must be ${expected}, but ${found}`, { field, cause });
  try {
    if (typeof (run as Partial<GuardedRun> | undefined)?.finish !== "function") {
      const isPromise = typeof (run as unknown as Partial<Promise<GuardedRun>> | undefined)?.then === "function";
      const isLedger = typeof (run as unknown as { startRun?: unknown } | undefined)?.startRun === "function";
      const found = isPromise ? "is a Promise: await it first" : isLedger ? "is a Ledger: guard each run" : undefined;
      throw wrong("run", "a Run", found ?? "is something else");
    }
    if (typeof options !== "object" || options === null) throw wrong("options", "an object", "is something else");
    const unknown = Object.keys(options).find(
      (name) => name !== "timeoutMs" && Reflect.get(options, name) !== undefined,
    );
    if (unknown !== undefined) {
      const field = unknown.slice(0, 100);
      const message = `guardProcess does not know the option ${JSON.stringify(field)}, only "timeoutMs"`;
      throw new LedgerError("UNSUPPORTED", message, { field });
    }
    const { timeoutMs = 10_000 } = options;
    if (typeof timeoutMs !== "number" || !(timeoutMs >= 0))
      throw wrong("timeoutMs", "a number of ms", `is ${typeof timeoutMs === "number" ? timeoutMs : typeof timeoutMs}`);
    return { timeoutMs };
  } catch (error) {
    throw LedgerError.is(error) ? error : wrong("options", "readable", "a getter or a proxy throws", error);
  }
}
