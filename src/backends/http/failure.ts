import { type ErrorCode, type ErrorDetails, LedgerError } from "../../errors/ledger-error.ts";

/** Returns the error of an operation. Its message begins with the operation and the key, and names no URL. */
export function failure(
  { operation, key }: { readonly operation: string; readonly key: string },
  code: ErrorCode,
  why: string,
  details: Pick<ErrorDetails, "status" | "transient" | "cause"> = {},
): LedgerError {
  const shown = key.length > 80 ? `${key.slice(0, 80)}…` : key;
  return new LedgerError(code, `${operation} ${JSON.stringify(shown)}: ${why}`, { operation, key, ...details });
}
