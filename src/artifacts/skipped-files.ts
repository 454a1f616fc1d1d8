import { LedgerError } from "../errors/ledger-error.ts";

/** Paths that a message names. */
const SHOWN = 5;

/** Counts the links and special files that a source leaves out. */
export class SkippedFiles {
  readonly #shown: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  readonly add = (path: string): void => {
    if (this.#count++ < SHOWN) this.#shown.push(JSON.stringify(String(path).slice(0, 100)));
  };

  error(): LedgerError {
    const more = this.#count > SHOWN ? ` and ${this.#count - SHOWN} more` : "";
    return new LedgerError(
      "UNSUPPORTED",
      `logArtifact left out links and special files: ${this.#shown.join(", ")}${more}; pass onSkip to fromPath to handle them yourself`,
      { field: "source" },
    );
  }
}
