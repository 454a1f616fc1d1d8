import { LedgerError } from "../errors/ledger-error.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";

/** Reports, once in a session, a call of `log()` whose metrics have no value. */
export class NothingLogged {
  readonly #writer: JournalWriter;
  #isReported = false;

  constructor(writer: JournalWriter) {
    this.#writer = writer;
  }

  /** Reports metrics without a value, unless they have no names either. */
  note(metrics: object): void {
    const [name] = Object.keys(metrics);
    if (name === undefined || this.#isReported) return;
    this.#isReported = true;
    const field = name.slice(0, 100);
    const message = `log() got no value for ${JSON.stringify(field)}, and logged nothing: undefined is skipped`;
    this.#writer.report(new LedgerError("INVALID_ARGUMENT", message, { field, operation: "log" }));
  }
}
