import { invalidArgument } from "../../backend/error.ts";
import type { RunRecord } from "../../journal/run-record.ts";
import { checkRecords } from "./check-records.ts";
import { compareRecords } from "./compare-records.ts";
import { fieldValue, type RecordField, toField } from "./field.ts";
import { compareValues, valueTexts } from "./identity.ts";

/** An axis of numbers, or of categories in the order to draw them. */
export type ParallelAxis =
  | {
      readonly label: string;
      readonly type: "number";
      /** The least and the greatest value; equal if there is one only. */
      readonly domain: readonly [min: number, max: number];
      /** All values are positive and span more than two decades. */
      readonly scale?: "log";
    }
  | { readonly label: string; readonly type: "category"; readonly categories: readonly string[] };

/** What a parallel-coordinates plot draws. */
export interface ParallelCoordinates {
  readonly axes: readonly ParallelAxis[];
  /** A run each, with one value an axis: a number, a category, or `null` where it has none that can be drawn. */
  readonly lines: readonly {
    readonly id: string;
    readonly name: string;
    readonly values: readonly (number | string | null)[];
  }[];
}

/**
 * Runs as lines across axes. Without `axes`: the params that differ, then the metrics that have a goal, or all if none has.
 * An axis is of numbers if all its values are; NaN and infinities are not drawn, and an axis without anything to draw has no categories. `INVALID_ARGUMENT` for an unknown field.
 */
export function parallelCoordinates(
  records: readonly RunRecord[],
  axes?: readonly (string | RecordField)[],
): ParallelCoordinates {
  checkRecords(records);
  if (axes !== undefined && !Array.isArray(axes)) throw invalidArgument("axes", "an array of fields", axes);
  const drawn = axes === undefined ? byDefault(records) : axes.map((axis, i) => column(records, axis, `axes[${i}]`));
  const columns = drawn.map(({ label, values }) => toAxis(label, values));
  return {
    axes: columns.map(({ axis }) => axis),
    lines: records.map(({ id, name }, i) => ({ id, name, values: columns.map(({ values }) => values[i] ?? null) })),
  };
}

interface Column {
  readonly label: string;
  readonly values: readonly unknown[];
}

function column(records: readonly RunRecord[], axis: string | RecordField, name: string): Column {
  const { label, field } = toField(axis, name);
  return { label, values: records.map((record) => fieldValue(record, field)) };
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
