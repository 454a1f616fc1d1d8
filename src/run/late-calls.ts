import { LedgerError } from "../errors/ledger-error.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import type { OpenRun } from "./run-context.ts";
import { processGuard } from "./process-guard.ts";

/** Why a call comes too late. */
export interface Refusal {
  readonly error: LedgerError;
  /** The guard of the process closed the run, so the program could not know. */
  readonly isExpected: boolean;
}

/**
 * Calls that come after the end of a run. A training loop goes on while the guard of the process closes its run: an error there would
 * end it with a stack that has nothing to do with why the process ends, or make a `catch` of the program end the process too soon.
 */
export class LateCalls {
  readonly #run: OpenRun;
  readonly #writer: JournalWriter;
  #isTold = false;

  constructor(run: OpenRun, writer: JournalWriter) {
    this.#run = run;
    this.#writer = writer;
  }

  /** The error for a call that returns a promise and would have logged so many `values`. */
  refuse(method: string, status: string | undefined, values = 0): Refusal {
    const message = `run ${this.#run.id} is closed (${status}), so ${method} comes too late: ledger.resumeRun(id) goes on with it`;
    const error = new LedgerError("RUN_CLOSED", message, { operation: method });
    const guard = processGuard();
    const isExpected = guard?.hasClosed(this.#run.id) === true;
    if (isExpected) this.#writer.counts.refuse(values);
    // The program keeps the process, and may log for hours.
    if (isExpected && !guard?.isEnding && !this.#isTold) {
      this.#isTold = true;
      this.#writer.report(error);
    }
    return { error, isExpected };
  }

  /** For a call that returns nothing. Throws `RUN_CLOSED` unless the guard closed the run. */
  drop(method: string, status: string | undefined): void {
    const { error, isExpected } = this.refuse(method, status);
    if (!isExpected) throw error;
  }
}
