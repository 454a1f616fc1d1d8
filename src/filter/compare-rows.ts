import { compareUtf8 } from "../bytes/utf8-order.ts";
import type { OrderKey } from "./order-by.ts";
import type { FilterRow, ParamValue } from "./row.ts";

/**
 * Orders rows by several keys, then the newest start first, then the highest id, which is the newest too where ids begin with the time. In either direction a NaN comes behind every other value
 * and a missing value last of all. In ascending order numbers stand before booleans and these before texts, which go by code
 * points.
 */
export function compareRows(keys: readonly OrderKey[]): (a: FilterRow, b: FilterRow) => number {
  const readers = keys.map(({ field }) => {
    if (field.kind === "metric") return (row: FilterRow) => row.metric(field.key, field.aggregate);
    if (field.kind === "attribute") return (row: FilterRow) => row.attribute(field.name);
    return (row: FilterRow) => row[field.kind as "param" | "tag"](field.key);
  });
  return (a, b) => {
    for (let i = 0; i < readers.length; i++) {
      const read = readers[i] as (typeof readers)[number];
      const order = compareValues(read(a), read(b), (keys[i] as OrderKey).descending);
      if (order !== 0) return order;
    }
    return (
      compareValues(a.attribute("start_time"), b.attribute("start_time"), true) ||
      compareValues(a.attribute("id"), b.attribute("id"), true)
    );
  };
}

type Value = ParamValue | undefined;

function compareValues(a: Value, b: Value, descending: boolean): number {
  const byPlace = placeOf(a) - placeOf(b);
  if (byPlace !== 0) return byPlace;
  const order = rankOf(a) - rankOf(b) || compareAlike(a, b);
  return descending ? -order : order;
}

/** Values, then NaN, then nothing. */
const placeOf = (value: Value): number => (value === undefined || value === null ? 2 : value === value ? 0 : 1);

const rankOf = (value: Value): number => (typeof value === "string" ? 2 : typeof value === "boolean" ? 1 : 0);

function compareAlike(a: Value, b: Value): number {
  if (typeof a === "string") return compareUtf8(a, b as string);
  const [x, y] = typeof a === "boolean" ? [Number(a), Number(b)] : [a as number, b as number];
  return x < y ? -1 : x > y ? 1 : 0;
}
