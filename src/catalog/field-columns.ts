import { type Cells, integersOf, nestedOf } from "./column-cells.ts";
import type { Field } from "../filter/field.ts";
import type { FieldStatistics } from "../filter/could-match.ts";
import type { Segment } from "./segment.ts";

/** What stands before the path in the columns of a param. */
const PARAM_ROOMS = ["params", "numbers", "booleans", "integers", "nested"];

/** The loaded columns of a param. Of those that have a value in a row, the first counts. */
export function paramCells(segment: Segment, key: string): Cells[] {
  const of = (room: string): Cells | undefined => segment.cells(`${room}.${key}`);
  const [integers, nested] = [of("integers"), of("nested")];
  return [
    integers && integersOf(integers),
    of("numbers"),
    of("booleans"),
    of("params"),
    nested && nestedOf(nested),
  ].filter((cells) => cells !== undefined);
}

/** The columns that hold a field. */
export function columnsFor(field: Field): string[] {
  switch (field.kind) {
    case "attribute":
      if (field.name === "id") return ["run_id"];
      if (field.name === "duration") return ["start_time", "end_time"];
      return field.name === "artifact_uri" ? [] : [field.name];
    case "dataset":
      return ["datasets"];
    case "metric":
      return [`metrics.${field.key}.${field.aggregate}`];
    case "tag":
      return [`tags.${field.key}`];
    default:
      return PARAM_ROOMS.map((room) => `${room}.${field.key}`);
  }
}

/** Only the records of a segment tell what its runs have in this field. */
export function isOnlyInRecords(segment: Segment, field: Field): boolean {
  if (!segment.directory.incomplete) return false;
  return columnsFor(field).every((column) => segment.column(column) === undefined);
}

/** Rows that have a value in a column. */
export function presentIn(segment: Segment, column: string): number {
  const entry = segment.column(column);
  return entry ? segment.rows - entry.nulls : 0;
}

/** Whether it is known that every row has this text in a column. A bound that is cut short is no such text, or ends before it. */
export function isAll(segment: Segment, column: string, text: string): boolean {
  const { min, max, nulls } = segment.column(column) ?? {};
  return nulls === 0 && min === text && max === text && text.length <= SHORT_CHARS;
}

/** Texts that short have bounds that are not cut, whatever characters they are of. */
const SHORT_CHARS = 16;

/** What is known of a field without reading it; `undefined` for nothing. */
export function statisticsOf(segment: Segment, field: Field): FieldStatistics | undefined {
  if (isOnlyInRecords(segment, field) || field.kind === "dataset") return undefined;
  if (field.kind === "attribute" && (field.name === "duration" || field.name === "artifact_uri")) return undefined;
  const { rows } = segment;
  const [column, ...mixed] = columnsFor(field);
  // A list or an object is no value to compare, but it is there.
  const nested = field.kind === "param" ? presentIn(segment, `nested.${field.key}`) : 0;
  const present = presentIn(segment, column!) + nested;
  const entry = segment.column(column!);
  if (entry === undefined || mixed.some((each) => segment.column(each) !== undefined))
    return { rows, present, type: "mixed" };
  const { type, min, max } = entry;
  return { rows, present, type: type === "double" || type === "int64" ? "number" : type, min, max };
}
