import { ID_PATTERN } from "../journal/run-id.ts";
import type { ColumnEntry, ColumnType } from "./segment-directory.ts";
import { type RunAttribute, runAttributes } from "../journal/run-attributes.ts";

/** An attribute that has a column in segments. */
type AttributeColumn = RunAttribute & { readonly column: string };

/** The attributes that have a column, in the order of the columns. */
export const attributeColumns: readonly AttributeColumn[] = /* @__PURE__ */ runAttributes.flatMap((attribute) => {
  const { name, member } = attribute;
  return name === undefined ? [] : [{ ...attribute, column: member === "id" ? "run_id" : name }];
});

/** The names of the columns that hold times. */
export const TIME_COLUMNS: readonly string[] = /* @__PURE__ */ attributeColumns.flatMap(({ column, type }) =>
  type === "time" ? [column] : [],
);

const TIMES: readonly ColumnType[] = ["int64", "double"];
const TEXT: readonly ColumnType[] = ["string"];
/**
 * The types of columns by their name, or by the part of the name before the first dot. Other columns hold times or
 * texts.
 */
const TYPES: ReadonlyMap<string, readonly ColumnType[]> = new Map<string, readonly ColumnType[]>([
  ["document", ["int64"]],
  ["marker", ["int64"]],
  ["metrics.", ["double"]],
  ["numbers.", ["double"]],
  ["booleans.", ["boolean"]],
  ["integers.", ["string"]],
  ["nested.", ["boolean"]],
  ["params.", ["double", "boolean", "string"]],
]);

/** Throws a RangeError if a column that every segment must have is missing, or if a column has a wrong type. */
export function checkColumns(columns: ReadonlyMap<string, ColumnEntry>): void {
  const required = attributeColumns.flatMap(({ column, optional }) => (optional ? [] : [column]));
  for (const name of ["document", "marker", ...required])
    if (columns.get(name)?.nulls !== 0) throw new RangeError(`it lacks values of ${name}`);
  const { min, max } = columns.get("run_id")!;
  if (![min, max].every((id) => typeof id === "string" && ID_PATTERN.test(id)))
    throw new RangeError("an id in it is not valid");
  for (const { name, type } of columns.values()) {
    const types = TIME_COLUMNS.includes(name)
      ? TIMES
      : (TYPES.get(name.slice(0, name.indexOf(".") + 1) || name) ?? TEXT);
    if (!types.includes(type)) throw new RangeError(`column ${name.slice(0, 250)} has a wrong type`);
  }
}
