import { invalidArgument, reading } from "../errors/ledger-error.ts";

/**
 * Returns a copy of the caller's list. Throws `INVALID_ARGUMENT` for anything else. `expected` states what the field
 * must be.
 */
export function ownList<T>(field: string, expected: string, given: readonly T[] | undefined, hint = ""): T[] {
  const own = reading(field, () => (Array.isArray(given) ? [...(given as readonly T[])] : undefined));
  if (own === undefined) throw invalidArgument(field, expected, given, hint);
  return own;
}
