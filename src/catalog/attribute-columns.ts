import { type RunAttribute, runAttributes } from "../journal/run-attributes.ts";

/** An attribute that has a column in segments. */
interface AttributeColumn extends RunAttribute {
  readonly column: string;
}

/** The attributes that have a column, in the order of the columns. */
export const attributeColumns: readonly AttributeColumn[] = /* @__PURE__ */ runAttributes.flatMap((attribute) => {
  const { name, member } = attribute;
  return name === undefined ? [] : [{ ...attribute, column: member === "id" ? "run_id" : name }];
});

/** The names of the columns that hold times. */
export const TIME_COLUMNS: readonly string[] = /* @__PURE__ */ attributeColumns.flatMap(({ column, type }) =>
  type === "time" ? [column] : [],
);
