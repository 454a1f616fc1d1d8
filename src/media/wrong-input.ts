import { LedgerError, describeType } from "../errors/ledger-error.ts";

/** An `INVALID_ARGUMENT` for a value of the wrong type, with a hint how to get at the right one. */
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

/** An `INVALID_ARGUMENT` for a value of the right type that cannot be. */
export function impossible(field: string, why: string, value: unknown): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `${field} ${why}`, { field, received: describeType(value) });
}

/** A `TOO_LARGE` for a value that is kept better as an artifact. */
export function tooLarge(field: string, size: string, limit: string): LedgerError {
  return new LedgerError("TOO_LARGE", `${field} has ${size}, more than the ${limit} of a rich value: log an artifact`, {
    field,
  });
}
