import { LedgerError } from "../errors/ledger-error.ts";

/** Adds up bytes and tells. */
export class Progress {
  readonly #tell: ((progress: { bytes: number; total?: number }) => void) | undefined;
  #bytes = 0;
  #total: number | undefined;

  constructor(tell: ((progress: { bytes: number; total?: number }) => void) | undefined) {
    this.#tell = tell;
  }

  /** Says how many bytes there will be. */
  expect(total: number): void {
    this.#total = total;
  }

  /** Counts bytes. Throws `INVALID_ARGUMENT` when the listener throws. */
  readonly add = (bytes: number): void => {
    this.#bytes += bytes;
    if (this.#tell === undefined) return;
    try {
      this.#tell(this.#total === undefined ? { bytes: this.#bytes } : { bytes: this.#bytes, total: this.#total });
    } catch (cause) {
      throw new LedgerError("INVALID_ARGUMENT", "onProgress threw an error", {
        field: "onProgress",
        received: "function",
        cause,
      });
    }
  };
}
