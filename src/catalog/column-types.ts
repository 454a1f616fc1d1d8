import { ID_PATTERN } from "../journal/run-created.ts";
import { attributeColumns, TIME_COLUMNS } from "./attribute-columns.ts";
import type { ColumnEntry, ColumnType } from "./directory.ts";

const TIMES: readonly ColumnType[] = ["int64", "double"];
const TEXT: readonly ColumnType[] = ["string"];
/** The types of columns by their name, or by what stands before its first dot. Other columns hold times or texts. */
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

/** Throws a RangeError unless the columns are those that a segment has to have, of the types that they may be of. */
export function checkColumns(columns: ReadonlyMap<string, ColumnEntry>): void {
  const required = attributeColumns.flatMap(({ column, optional }) => (optional ? [] : [column]));
  for (const name of ["document", "marker", ...required])
    if (columns.get(name)?.nulls !== 0) throw new RangeError(`it lacks values of ${name}`);
  const { min, max } = columns.get("run_id")!;
  if (![min, max].every((id) => typeof id === "string" && ID_PATTERN.test(id)))
    throw new RangeError("it has an id that is none");
  for (const { name, type } of columns.values()) {
    const types = TIME_COLUMNS.includes(name)
      ? TIMES
      : (TYPES.get(name.slice(0, name.indexOf(".") + 1) || name) ?? TEXT);
    if (!types.includes(type)) throw new RangeError(`column ${name.slice(0, 250)} has a wrong type`);
  }
}
