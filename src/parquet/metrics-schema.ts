import { type ColumnSchema, readFlatSchema } from "./footer-read.ts";
import { CONVERTED, TYPE } from "./thrift-enums.ts";
import type { Fields } from "./thrift-read.ts";

/** The columns read. Of `run_id` it is enough what the statistics say. */
export const COLUMNS = ["key", "step", "time", "value"] as const;
export type ColumnName = (typeof COLUMNS)[number];

const TYPES: Record<ColumnName, number> = {
  key: TYPE.byteArray,
  step: TYPE.int64,
  time: TYPE.int64,
  value: TYPE.double,
};

export interface MetricsSchema {
  /** They may be optional; nulls are refused all the same. */
  readonly columns: Readonly<Record<ColumnName, ColumnSchema>>;
  /** Place of the column `run_id`, if there is one. */
  readonly runId: number | undefined;
  /** Column chunks a row group has. */
  readonly width: number;
}

/** Finds the columns of a metrics file. Throws a RangeError if one is missing or of another type. Others are passed over. */
export function readSchema(elements: readonly Fields[]): MetricsSchema {
  const found = readFlatSchema(elements);
  const column = (name: ColumnName): ColumnSchema => {
    const schema = found.get(name);
    if (schema === undefined) throw new RangeError(`there is no column ${name}`);
    if (schema.type !== TYPES[name]) throw new RangeError(`column ${name} has another type`);
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

/** Says the column so, in the old way and the new, or is it a bare integer? */
function inMilliseconds(leaf: Fields): boolean {
  if (leaf.has(6) && leaf.integer(6) !== CONVERTED.timestampMillis) return false;
  return !leaf.has(10) || (leaf.struct(10).has(8) && leaf.struct(10).struct(8).struct(2).has(1));
}
