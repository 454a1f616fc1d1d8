import { LedgerError, describeType } from "../errors/ledger-error.ts";

/** Returns an `INVALID_ARGUMENT` for a value of the wrong type, with a hint how to get the right one. */
export function wrongInput(field: string, expected: string, value: unknown, hint = ""): LedgerError {
  const isTensor =
    typeof value === "object" && value !== null && typeof (value as { dataSync?: unknown }).dataSync === "function";
  const received = isTensor ? "Tensor" : describeType(value);
  let advice = hint && `: ${hint}`;
  if (isTensor) advice = ": read its numbers with dataSync(), or await data()";
  else if (received === "Promise") advice = ": await it first";
  return new LedgerError("INVALID_ARGUMENT", `${field} must be ${expected}, but is of type ${received}${advice}`, {
    field,
    received,
  });
}

/** Returns an `INVALID_ARGUMENT` for a value of the right type that is not allowed. */
export function impossible(field: string, why: string, value: unknown): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `${field} ${why}`, { field, received: describeType(value) });
}

/** Returns a `TOO_LARGE` for a value that should be logged as an artifact. */
export function tooLarge(field: string, size: string, limit: string): LedgerError {
  return new LedgerError("TOO_LARGE", `${field} has ${size}, but at most ${limit} are allowed: log an artifact`, {
    field,
  });
}
