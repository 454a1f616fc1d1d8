import { type LedgerError, concernsOneObject } from "../errors/ledger-error.ts";

/** A run that a call over many runs left out because it could not read it. */
export interface UnreadableRun {
  /** The id of the run. */
  readonly id: string;
  /** Why. `error.key` names the object, if one is to blame. */
  readonly error: LedgerError;
}

/** A run whose journals are damaged. A call over many runs used the records that are left. */
export interface DamagedRun {
  /** The id of the run. */
  readonly id: string;
  /**
   * `CORRUPT`, or `FORMAT_TOO_NEW` if a newer version of this library wrote the records. `error.key` names the object.
   */
  readonly error: LedgerError;
}

/** Runs that could not be read as a whole, each with its first error. */
export class UnreadableRuns {
  readonly #errors = new Map<string, LedgerError>();

  has(id: string): boolean {
    return this.#errors.has(id);
  }

  of(id: string): LedgerError | undefined {
    return this.#errors.get(id);
  }

  add(id: string, error: LedgerError): void {
    if (!this.#errors.has(id)) this.#errors.set(id, error);
  }

  /** Returns the runs in ascending order of the ids. */
  list(): UnreadableRun[] {
    return [...this.#errors].map(([id, error]) => ({ id, error })).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /**
   * Returns the result of `read`. Returns `undefined` for a run that does not exist, and for a run that cannot be read,
   * which it adds. Throws errors that do not concern a single object, and the reason of an abort.
   */
  async unless<T>(id: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!concernsOneObject(error)) throw error;
      if (error.code !== "NOT_FOUND") this.add(id, error);
      return undefined;
    }
  }
}
