import { LedgerError } from "../../index.ts";

/** An error of DuckDB as ours: `IO` for what it met outside, `INVALID_ARGUMENT` for the SQL. */
export function toLedgerError(error: unknown, operation: string): LedgerError {
  if (LedgerError.is(error)) return error;
  const message = String((error as Partial<Error> | null | undefined)?.message ?? error);
  if (isOutside(message)) return new LedgerError("IO", `DuckDB: ${message}`, { operation, cause: error });
  return new LedgerError("INVALID_ARGUMENT", `DuckDB: ${message}`, { field: "sql", operation, cause: error });
}

/** Files that are not there any more, a bucket that does not answer. */
function isOutside(message: string): boolean {
  return /^(IO|HTTP|Network|Connection|Permission|Out of Memory|Serialization|INTERNAL) ?Error/i.test(message);
}
