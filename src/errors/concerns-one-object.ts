import { type ErrorCode, LedgerError } from "./ledger-error.ts";

/**
 * What can be wrong with one object while the rest of a place is in order. `UNAVAILABLE`, `CREDENTIALS`, `CLOSED` and the like are
 * wrong with the place itself.
 */
const CODES: ReadonlySet<ErrorCode> = /* @__PURE__ */ new Set<ErrorCode>([
  "CORRUPT",
  "FORMAT_TOO_NEW",
  "TOO_LARGE",
  "PERMISSION_DENIED",
  "CONFLICT",
  "INVALID_KEY",
  "RUN_NOT_FOUND",
  "NOT_FOUND",
  "UNSUPPORTED",
  "IO",
]);

/** Whether a call on one object failed because of that object, so that calls on others may well succeed. */
export function concernsOneObject(error: unknown): error is LedgerError {
  return LedgerError.is(error) && !error.transient && CODES.has(error.code);
}
