import { LedgerError } from "../errors/ledger-error.ts";
import { countsAsStep } from "../journal/writer-fold.ts";

/** Gives a step to values that are logged without one. */
export class StepCount {
  /** -Infinity before the first step. */
  #greatest: number;

  /** `greatest`: the greatest step of the run so far. */
  constructor(greatest: number = Number.NEGATIVE_INFINITY) {
    this.#greatest = greatest;
  }

  /** The greatest step so far, if there is one. */
  get greatest(): number | undefined {
    return this.#greatest === Number.NEGATIVE_INFINITY ? undefined : this.#greatest;
  }

  /**
   * Returns the step of a row: the given step, or the step after the greatest one so far, 0 at first. Throws
   * `INVALID_ARGUMENT` if the greatest step is the largest safe integer: no step follows it.
   */
  row(given: number | undefined): number {
    if (given === undefined) return (this.#greatest = this.#next());
    if (given > this.#greatest) this.#greatest = given;
    return given;
  }

  /**
   * Returns the step of a rich value: the given step, or the greatest one so far, 0 at first. Later rows continue after
   * it.
   */
  richValue(given: number | undefined): number {
    if (given === undefined) return this.greatest ?? 0;
    if (countsAsStep(given) && given > this.#greatest) this.#greatest = given;
    return given;
  }

  #next(): number {
    if (this.#greatest === Number.NEGATIVE_INFINITY) return 0;
    if (this.#greatest < Number.MAX_SAFE_INTEGER) return this.#greatest + 1;
    throw new LedgerError(
      "INVALID_ARGUMENT",
      `step is missing, and no step follows the greatest one so far, ${this.#greatest}: give each row a step ` +
        "from now on",
      { field: "step" },
    );
  }
}
