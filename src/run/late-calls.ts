import { LedgerError } from "../errors/ledger-error.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import type { OpenRun } from "./run-context.ts";
import { closedByWithRun } from "./closed-by-with-run.ts";
import { processGuard } from "./process-guard.ts";

/** Why a call is refused. */
export interface Refusal {
  readonly error: LedgerError;
  /** Whether the guard of the process closed the run, so that the program could not know. */
  readonly isExpected: boolean;
}

/**
 * Refuses calls that come after the end of a run. While the guard of the process closes a run, the training loop
 * continues, so its calls must not throw: the error would hide why the process ends, or make a `catch` of the program
 * end the process too early.
 */
export class LateCalls {
  readonly #run: OpenRun;
  readonly #writer: JournalWriter;
  #isTold = false;

  constructor(run: OpenRun, writer: JournalWriter) {
    this.#run = run;
    this.#writer = writer;
  }

  /** Returns the error for a call that returns a promise. `values`: the number of values that the call would log. */
  refuse(method: string, status: string | undefined, values = 0): Refusal {
    const { id } = this.#run;
    const reason = closedByWithRun.has(this.#run)
      ? `the function given to withRun had already ${status === "failed" ? "thrown" : "returned"}. Return or ` +
        "await its promises"
      : "ledger.resumeRun(id) resumes it";
    const message = `run ${id} is closed (${status}), so ${method} comes too late: ${reason}`;
    const error = new LedgerError("RUN_CLOSED", message, { operation: method });
    const guard = processGuard();
    const isExpected = guard?.hasClosed(this.#run.id) === true;
    if (isExpected) this.#writer.counts.refuse(values);
    // The program keeps the process alive, and may log for hours.
    if (isExpected && !guard?.isEnding && !this.#isTold) {
      this.#isTold = true;
      this.#writer.report(error);
    }
    return { error, isExpected };
  }

  /** Drops a call that returns nothing. Throws `RUN_CLOSED` unless the guard closed the run. */
  drop(method: string, status: string | undefined): void {
    const { error, isExpected } = this.refuse(method, status);
    if (!isExpected) throw error;
  }
}
