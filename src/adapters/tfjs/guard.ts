import { LedgerError } from "../../index.ts";
import { type AnyRun, insideOf } from "./run-inside.ts";

/** How many different troubles of one callback are reported. A training may repeat the same one for each batch. */
const MAX_REPORTED = 20;

/** Keeps trouble away from the training: `onError` of the run's ledger gets each kind once. */
export class Guard {
  readonly #report: (error: LedgerError) => void;
  readonly #operation: string;
  readonly #reported = new Set<string>();

  /** Throws `INVALID_ARGUMENT` unless `run` is a run. */
  constructor(run: AnyRun, operation: string) {
    const inside = insideOf(run);
    this.#report = (error) => inside.report(error);
    this.#operation = operation;
  }

  /** Does some work. Resolves with its result, or with `undefined` after it reported the error. */
  async run<T>(work: () => Promise<T> | T): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.tell(error);
      return undefined;
    }
  }

  /** Reports an error, unless the same one was reported before. Never throws. */
  tell(cause: unknown): void {
    try {
      const error = this.#toLedgerError(cause);
      const kind = `${error.code} ${error.message}`;
      if (this.#reported.has(kind) || this.#reported.size >= MAX_REPORTED) return;
      this.#reported.add(kind);
      this.#report(error);
    } catch {
      // The `onError` of the program throws. The training matters more.
    }
  }

  #toLedgerError(cause: unknown): LedgerError {
    const operation = this.#operation;
    if (LedgerError.is(cause)) return cause;
    let message = "it failed without a reason";
    try {
      message = String((cause as Partial<Error> | null | undefined)?.message ?? cause);
    } catch {
      // The thrown value cannot be read.
    }
    return new LedgerError("IO", `${operation}: ${message}`, { operation, cause });
  }
}
