import { LedgerError } from "../../index.ts";

/** A value in a row: dates and times are `Date`, integers beyond 2^53 `bigint`, lists arrays, structs objects. */
export type SqlValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly SqlValue[]
  | { readonly [key: string]: SqlValue };

/** A value for a placeholder in a query. */
export type SqlParameter = null | boolean | number | bigint | string;
/** Values for placeholders: an array for `?` and `$1`, an object for `$name`. */
export type SqlParameters = readonly SqlParameter[] | { readonly [name: string]: SqlParameter };

/** Returns a value of DuckDB as a `SqlValue`. Integers become numbers if that is exact. */
export function plain(value: unknown): SqlValue {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null && !isWhole(value)) return plainRow(Object.entries(value));
  return value as SqlValue;
}

/**
 * Returns whether a value is a date or bytes. Does not use `instanceof`, because DuckDB's values may be of another
 * realm.
 */
function isWhole(value: object): boolean {
  return ArrayBuffer.isView(value) || Object.prototype.toString.call(value) === "[object Date]";
}

export function plainRow(cells: Iterable<readonly [string, unknown]>): { readonly [column: string]: SqlValue } {
  // Not by assignment, which would set the prototype for a column called `__proto__`.
  return Object.fromEntries([...cells].map(([column, value]) => [column, plain(value)]));
}

/** Returns a copy of the parameters. Throws `INVALID_ARGUMENT` if one is not a simple value. */
export function toParameters(parameters: SqlParameters): SqlParameter[] | Record<string, SqlParameter> {
  if (typeof parameters !== "object" || parameters === null)
    throw new LedgerError("INVALID_ARGUMENT", "params must be an array or an object", { field: "params" });
  for (const [name, value] of Object.entries(parameters)) {
    const isSimple = value === null || ["boolean", "number", "bigint", "string"].includes(typeof value);
    if (isSimple) continue;
    throw new LedgerError("INVALID_ARGUMENT", `params.${name} must be text, a number, a boolean or null`, {
      field: `params.${name}`,
      received: typeof value,
    });
  }
  return Array.isArray(parameters) ? [...parameters] : { ...(parameters as { [name: string]: SqlParameter }) };
}
