import { type ColumnSchema, readFlatSchema } from "./footer-read.ts";
import { CONVERTED, TYPE } from "./thrift-enums.ts";
import type { Fields } from "./thrift-read.ts";

/** The columns that are read. Only the statistics of `run_id` are read. */
export const COLUMNS = ["key", "step", "time", "value"] as const;
export type ColumnName = (typeof COLUMNS)[number];

const TYPES: Record<ColumnName, number> = {
  key: TYPE.byteArray,
  step: TYPE.int64,
  time: TYPE.int64,
  value: TYPE.double,
};

export interface MetricsSchema {
  /** A column may be optional, but readers refuse nulls in it. */
  readonly columns: Readonly<Record<ColumnName, ColumnSchema>>;
  /** The index of the column `run_id`, if there is one. */
  readonly runId: number | undefined;
  /** The number of column chunks in a row group. */
  readonly width: number;
}

/**
 * Finds the columns of a metrics file and ignores others. Throws a RangeError if a column is missing or has the wrong
 * type.
 */
export function readSchema(elements: readonly Fields[]): MetricsSchema {
  const found = readFlatSchema(elements);
  const column = (name: ColumnName): ColumnSchema => {
    const schema = found.get(name);
    if (schema === undefined) throw new RangeError(`column ${name} is missing`);
    if (schema.type !== TYPES[name]) throw new RangeError(`column ${name} has the wrong type`);
    return schema;
  };
  const time = column("time");
  if (!inMilliseconds(elements[1 + time.index]!)) throw new RangeError("column time is not in milliseconds");
  return {
    columns: { key: column("key"), step: column("step"), time, value: column("value") },
    runId: found.get("run_id")?.index,
    width: found.size,
  };
}

/**
 * Returns whether neither the ConvertedType nor the LogicalType of a column contradicts milliseconds. Both may be
 * missing.
 */
function inMilliseconds(leaf: Fields): boolean {
  if (leaf.has(6) && leaf.integer(6) !== CONVERTED.timestampMillis) return false;
  return !leaf.has(10) || (leaf.struct(10).has(8) && leaf.struct(10).struct(8).struct(2).has(1));
}
