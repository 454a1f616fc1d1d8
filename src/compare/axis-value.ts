import { isNested } from "../journal/params.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { fieldValue } from "../filter/field-value.ts";
import type { FilterRow } from "../filter/row.ts";
import type { LabelledField } from "../filter/to-field.ts";

/** What a run, by its record and that as a row, has in a field; of a param also a list, or whatever else there is under its name, as it is. */
export function axisValue({ params }: RunRecord, row: FilterRow, field: LabelledField["field"]): unknown {
  const value = fieldValue(row, field);
  return value === undefined && field.kind === "param" ? paramOf(params, field.key) : value;
}

/** The key itself first, then every way to read its dots as steps down, the shortest key first. */
function paramOf(params: unknown, key: string): unknown {
  if (!isNested(params)) return undefined;
  if (Object.hasOwn(params, key)) return params[key];
  for (let dot = key.indexOf("."); dot >= 0; dot = key.indexOf(".", dot + 1)) {
    const first = key.slice(0, dot);
    const found = Object.hasOwn(params, first) ? paramOf(params[first], key.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
