import { LedgerError } from "../errors/ledger-error.ts";

/** Returns whether a key looks like a field of filters: `metrics.loss`. */
export function isMetricField(key: string): boolean {
  return /^metrics?\../.test(key);
}

/** Returns the error for such a field in place of a key. `otherwise` says how to pass a key that begins like that. */
export function notAKey(field: string, key: string, otherwise = ""): LedgerError {
  const shown = JSON.stringify(key.slice(key.indexOf(".") + 1, 100));
  const message = `${field} must be the key of a metric as it was logged, without "metrics.": ${shown}${otherwise}`;
  return new LedgerError("INVALID_ARGUMENT", message, { field, received: "string" });
}

/** Returns whether a metric measures the machine instead of the training: `system/…`, as `runledger/node` logs it. */
export function isSystemMetric(key: string): boolean {
  return key.startsWith("system/");
}

/**
 * Returns whether a metric says how the program ran, and not how well the model is: `system/…`, and `tfjs/…`, which
 * `runledger/tfjs` logs of the memory of the backend.
 */
export function isRuntimeMetric(key: string): boolean {
  return isSystemMetric(key) || key.startsWith("tfjs/");
}
