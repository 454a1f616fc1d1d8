import type { Field } from "./field.ts";
import type { FilterRow, ParamValue } from "./row.ts";

/** What a run has in a field, `undefined` if nothing. */
export function fieldValue(row: FilterRow, field: Exclude<Field, { kind: "dataset" }>): ParamValue | undefined {
  if (field.kind === "metric") return row.metric(field.key, field.aggregate);
  if (field.kind === "attribute") return row.attribute(field.name);
  return field.kind === "tag" ? row.tag(field.key) : row.param(field.key);
}
