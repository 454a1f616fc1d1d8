import { invalidArgument, reading } from "../errors/ledger-error.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { Field } from "../filter/field.ts";
import { recordRow, type FilterRow, fieldValue } from "../filter/filter-row.ts";
import { toField, type LabelledField } from "../filter/parse-field.ts";
import { checkRecords, type ComparableRecord } from "./check-records.ts";
import { compareRecords } from "./compare-records.ts";
import { compareValues, valueTexts } from "./value-identity.ts";
import { isNested } from "../journal/params.ts";

/** An axis of numbers, or of categories in the order to draw them. */
export type ParallelAxis =
  | {
      /** The name of the axis. */
      readonly label: string;
      /** An axis of numbers. */
      readonly type: "number";
      /** The smallest and the greatest value. Both are the same if there is only one. */
      readonly domain: readonly [min: number, max: number];
      /** `"log"` if all values are positive and span more than two decades. */
      readonly scale?: "log";
    }
  | {
      /** The name of the axis. */
      readonly label: string;
      /** An axis of categories. */
      readonly type: "category";
      /** The categories in the order to draw them. */
      readonly categories: readonly string[];
    };

/** What a parallel-coordinates plot draws. */
export interface ParallelCoordinates {
  /** The axes from left to right. */
  readonly axes: readonly ParallelAxis[];
  /**
   * One line for each run, with one value for each axis: a number, a category, or `null` for a value that cannot be
   * drawn.
   */
  readonly lines: readonly {
    /** The id of the run. */
    readonly id: string;
    /** The name of the run. */
    readonly name: string;
    /** The value on each axis. */
    readonly values: readonly (number | string | null)[];
  }[];
}

/**
 * Returns runs as lines across axes. Without `axes`: the params that differ, then the metrics that have a goal, or all
 * metrics if none has. An axis is one of numbers if all its values are numbers. NaN and infinities are not drawn, and
 * an axis without anything to draw has no categories. Throws `INVALID_ARGUMENT` for anything but a field.
 */
export function parallelCoordinates(
  given: readonly ComparableRecord[],
  axes?: readonly (string | Field)[],
): ParallelCoordinates {
  return reading("records", () => {
    const records = checkRecords(given);
    if (axes !== undefined && !Array.isArray(axes)) throw invalidArgument("axes", "an array of fields", axes);
    const rows = records.map(recordRow);
    const drawn = axes?.map((axis, i) => column(records, rows, axis, `axes[${i}]`)) ?? byDefault(records);
    const columns = drawn.map(({ label, values }) => toAxis(label, values));
    return {
      axes: columns.map(({ axis }) => axis),
      lines: records.map(({ id, name }, i) => ({ id, name, values: columns.map(({ values }) => values[i] ?? null) })),
    };
  });
}

interface Column {
  readonly label: string;
  readonly values: readonly unknown[];
}

function column(records: readonly RunRecord[], rows: readonly FilterRow[], axis: string | Field, name: string): Column {
  const { label, field } = toField(axis, name);
  return { label, values: records.map((record, i) => axisValue(record, rows[i]!, field)) };
}

function byDefault(records: readonly RunRecord[]): Column[] {
  const { params, metrics } = compareRecords(records);
  const withGoal = metrics.filter(({ goal }) => goal);
  return [
    ...params.differs.map(({ path, values }) => ({ label: `params.${path}`, values })),
    ...(withGoal.length > 0 ? withGoal : metrics).map(({ key, values }) => ({
      label: `metrics.${key}`,
      values: values.map((summary) => summary?.last.value),
    })),
  ];
}

function toAxis(label: string, all: readonly unknown[]): { axis: ParallelAxis; values: (number | string | null)[] } {
  const given = all.filter((value) => value !== undefined && value !== null);
  const draw = <T>(of: (value: unknown) => T): (T | null)[] =>
    all.map((value) => (value === undefined || value === null ? null : of(value)));
  if (given.length > 0 && given.every((value) => typeof value === "number" || typeof value === "bigint")) {
    let [min, max] = [Infinity, -Infinity];
    const values = draw((value) => {
      const number = Number(value);
      if (!Number.isFinite(number)) return null;
      [min, max] = [Math.min(min, number), Math.max(max, number)];
      return number;
    });
    const isLog = min > 0 && max / min > 100;
    if (min <= max)
      return { axis: { label, type: "number", domain: [min, max], ...(isLog && { scale: "log" }) }, values };
    return { axis: { label, type: "category", categories: [] }, values };
  }
  const text = valueTexts(given);
  const categories = [...new Set(given.sort(compareValues).map(text))];
  return { axis: { label, type: "category", categories }, values: draw(text) };
}

/**
 * Returns the value of a field of a run, which is given by its record and its row. For a param, also returns lists and
 * objects.
 */
export function axisValue({ params }: RunRecord, row: FilterRow, field: LabelledField["field"]): unknown {
  const value = fieldValue(row, field);
  return value === undefined && field.kind === "param" ? paramOf(params, field.key) : value;
}

/**
 * Returns the value under the key itself. Otherwise tries every way to read its dots as levels, the shortest key first.
 */
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
