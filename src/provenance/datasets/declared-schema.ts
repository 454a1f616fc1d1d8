import { LedgerError } from "../../errors/ledger-error.ts";
import type { DatasetColumn } from "../../journal/recorded-dataset.ts";
import type { ColumnDigest } from "./column-digest.ts";
import type { ColumnType } from "./column-type.ts";

/** The types that a schema may declare, and what the cells must be. `integer`: whole numbers. */
const DECLARED: { readonly [type: string]: readonly (ColumnType | "integer")[] } = {
  number: ["number", "bigint"],
  integer: ["integer", "bigint"],
  bigint: ["integer", "bigint"],
  string: ["string"],
  boolean: ["boolean"],
  date: ["date"],
  bytes: ["bytes"],
  list: ["list"],
  object: ["object"],
  mixed: ["number", "bigint", "string", "boolean", "date", "bytes", "list", "object", "mixed"],
  null: [],
};

/** Throws `INVALID_ARGUMENT`, which names the column, unless a table has the declared columns and types. */
export function checkDeclared(declared: readonly DatasetColumn[], columns: readonly ColumnDigest[]): void {
  const wanted = new Map(declared.map(({ name, type }) => [name, type]));
  for (const { name, type, isWhole } of columns) {
    const shown = JSON.stringify(name.slice(0, 100));
    const expected = wanted.get(name);
    if (expected === undefined) throw wrong(`lacks the column ${shown} of the table`);
    const accepted = acceptedBy(name, expected);
    const fits =
      type === "null" || accepted.includes(type) || (type === "number" && isWhole && accepted.includes("integer"));
    if (!fits) throw wrong(`says that ${shown} is of type ${expected}, but it is of type ${found(type, expected)}`);
    wanted.delete(name);
  }
  const [missing] = wanted.keys();
  if (missing !== undefined) throw wrong(`names ${JSON.stringify(missing.slice(0, 100))}, which the table lacks`);
}

/** Throws `INVALID_ARGUMENT`, which names the column, unless all types are those that a table may have. */
export function checkTypes(declared: readonly DatasetColumn[]): void {
  for (const { name, type } of declared) acceptedBy(name, type);
}

function acceptedBy(name: string, type: string): readonly (ColumnType | "integer")[] {
  const accepted = Object.hasOwn(DECLARED, type) ? DECLARED[type] : undefined;
  if (accepted !== undefined) return accepted;
  const [shown, given] = [name.slice(0, 100), type.slice(0, 40)].map((text) => JSON.stringify(text));
  throw wrong(`gives ${shown} the type ${given}: use ${Object.keys(DECLARED).join(", ")}`);
}

const found = (type: ColumnType, expected: string): string =>
  type === "number" && expected !== "string" && DECLARED[expected]?.includes("integer")
    ? "number with fractions"
    : type;

function wrong(why: string): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `schema ${why}`, { field: "schema" });
}
