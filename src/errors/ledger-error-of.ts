import { LedgerError } from "./ledger-error.ts";

/** The error itself if it is a `LedgerError`, else an `IO` with this message and the error as its cause. */
export function ledgerErrorOf(cause: unknown, message: string): LedgerError {
  return LedgerError.is(cause) ? cause : new LedgerError("IO", message, { cause });
}
