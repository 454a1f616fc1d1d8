import { LedgerError, ledgerErrorOf } from "../errors/ledger-error.ts";
import { messageOf } from "../platform/any-realm.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { neverUnhandled } from "./heard-promise.ts";

/** Longest name of a value or an artifact that is shown. */
const MAX_SHOWN = 100;

/**
 * Returns what `onError` gets for a call that failed and whose promise nobody handles: the error, with the call in
 * front of its message, such as `logText("sample"): text must be a string`.
 */
export function ofCall(method: string, name: unknown, error: LedgerError): LedgerError {
  // The error names the call already.
  if (error.operation === method) return error;
  const shown = typeof name === "string" ? JSON.stringify(name.slice(0, MAX_SHOWN)) : "";
  const details = { ...error, operation: error.operation ?? method, cause: error };
  return new LedgerError(error.code, `${method}(${shown}): ${error.message}`, details);
}

/** Reports a failed call whose promise nobody handles to `onError`, unless `onError` got the failure already. */
export function tellUnheard(writer: JournalWriter, method: string, name: unknown, reason: unknown): void {
  // Failures in the background are reported when they happen.
  const { lastError } = writer.counts;
  if ((lastError && [lastError, lastError.cause].includes(reason)) || LedgerError.hasCode(reason, "FENCED")) return;
  const message = messageOf(reason, "it failed without a reason");
  writer.report(ofCall(method, name, ledgerErrorOf(reason, message)));
}

/** Returns the promise of a call for a caller who need not handle it: `onError` gets a failure that nobody handles. */
export function unlessUnheard(writer: JournalWriter, method: string, work: Promise<void>): Promise<void> {
  return neverUnhandled(work, (reason) => tellUnheard(writer, method, undefined, reason));
}
