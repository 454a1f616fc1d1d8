import { LedgerError } from "./ledger-error.ts";

/**
 * Returns the error for an object whose number would follow the greatest number that keys can hold. Every reader would
 * ignore such an object.
 */
export function noNumberAfter(key: string): LedgerError {
  return new LedgerError("TOO_LARGE", `there is no number after that of ${key}: another program may have made it`, {
    key,
  });
}
