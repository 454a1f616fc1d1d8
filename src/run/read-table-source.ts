import type { StoredTable } from "../artifacts/stored-table.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { isPlainObject } from "../platform/any-realm.ts";

/** Returns whether a source is what `readTable` or `openMedia` returned of a table. */
export function isReadTable(source: object): source is StoredTable {
  if (!isPlainObject(source)) return false;
  const { names, columns, rows, type = "table" } = source as Partial<StoredTable> & { readonly type?: unknown };
  return Array.isArray(names) && isPlainObject(columns) && typeof rows === "number" && type === "table";
}

/** Returns the columns of such a table by name, in order. Throws `INVALID_ARGUMENT` if they are not what it says. */
export function columnsOf({ names, columns, rows }: StoredTable): { readonly [name: string]: readonly unknown[] } {
  const wrong = (field: string, why: string): LedgerError =>
    new LedgerError("INVALID_ARGUMENT", `${field} ${why}`, { field });
  if (names.length !== Object.keys(columns).length || !names.every((name) => Object.hasOwn(columns, name)))
    throw wrong("source.names", "are not the names of source.columns");
  for (const name of names) {
    const length = columns[name]?.length;
    if (length !== rows) throw wrong("source.rows", `is ${rows}, but the columns have ${length} cells`);
  }
  return Object.fromEntries(names.map((name) => [name, columns[name]!]));
}
