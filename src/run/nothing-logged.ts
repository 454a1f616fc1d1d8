import { LedgerError } from "../errors/ledger-error.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";

/** Reports, once in a session, calls of `log()` and of `setParams()` that are given names without a value. */
export class NothingLogged {
  readonly #writer: JournalWriter;
  readonly #reported = new Set<string>();

  constructor(writer: JournalWriter) {
    this.#writer = writer;
  }

  /** Reports metrics or params without a value, unless they have no names either. */
  note(operation: "log" | "setParams", values: object): void {
    const [name] = Object.keys(values);
    if (name === undefined || this.#reported.has(operation)) return;
    this.#reported.add(operation);
    const field = name.slice(0, 100);
    const nothing = operation === "log" ? "logged nothing" : "set nothing";
    const message = `${operation}() got no value for ${JSON.stringify(field)}, and ${nothing}: undefined is skipped`;
    this.#writer.report(new LedgerError("INVALID_ARGUMENT", message, { field, operation }));
  }
}
