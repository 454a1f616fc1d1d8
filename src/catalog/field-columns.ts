import { type Cells, integersOf, nestedOf } from "./column-cells.ts";
import type { Field } from "../filter/field.ts";
import type { FieldStatistics } from "../filter/could-match.ts";
import type { Segment } from "./segment.ts";

/** The beginnings of the names of a param's columns. The path follows. */
const PARAM_GROUPS = ["params", "numbers", "booleans", "integers", "nested"];

/** Returns the loaded columns of a param. The first one that has a value in a row counts. */
export function paramCells(segment: Segment, key: string): Cells[] {
  const of = (group: string): Cells | undefined => segment.cells(`${group}.${key}`);
  const [integers, nested] = [of("integers"), of("nested")];
  return [
    integers && integersOf(integers),
    of("numbers"),
    of("booleans"),
    of("params"),
    nested && nestedOf(nested),
  ].filter((cells) => cells !== undefined);
}

const paths = new WeakMap<Segment, readonly string[]>();

/** Returns the paths of the params that have columns of values, the same list each time. */
export function paramPathsOf(segment: Segment): readonly string[] {
  let own = paths.get(segment);
  if (own === undefined) {
    const found = segment.directory.columns.filter(({ name }) => name.startsWith("params."));
    paths.set(segment, (own = found.map(({ name }) => name.slice("params.".length))));
  }
  return own;
}

/** Returns the names of the columns of all params. */
export function allParamColumns(segment: Segment): string[] {
  return paramPathsOf(segment).flatMap((key) => PARAM_GROUPS.map((group) => `${group}.${key}`));
}

/** Returns the names of the columns that hold a field. */
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
      return PARAM_GROUPS.map((group) => `${group}.${field.key}`);
  }
}

/** Returns whether only the records of a segment may have the values of a field. */
export function isOnlyInRecords(segment: Segment, field: Field): boolean {
  if (!segment.directory.incomplete) return false;
  return columnsFor(field).every((column) => segment.column(column) === undefined);
}

/** Returns the number of rows that have a value in a column. */
export function presentIn(segment: Segment, column: string): number {
  const entry = segment.column(column);
  return entry ? segment.rows - entry.nulls : 0;
}

/**
 * Returns whether the statistics show that every row has this text in a column. Long texts are excluded, because their
 * bounds may be cut.
 */
export function isAll(segment: Segment, column: string, text: string): boolean {
  const { min, max, nulls } = segment.column(column) ?? {};
  return nulls === 0 && min === text && max === text && text.length <= SHORT_CHARS;
}

/** The bounds of texts up to this length are never cut, whatever their characters. */
const SHORT_CHARS = 16;

/** Returns what the directory of a segment says about a field, or `undefined` if it says nothing. */
export function statisticsOf(segment: Segment, field: Field): FieldStatistics | undefined {
  if (isOnlyInRecords(segment, field) || field.kind === "dataset") return undefined;
  if (field.kind === "attribute" && (field.name === "duration" || field.name === "artifact_uri")) return undefined;
  const { rows } = segment;
  const [column, ...mixed] = columnsFor(field);
  // A list or an object cannot be compared, but counts as present.
  const nested = field.kind === "param" ? presentIn(segment, `nested.${field.key}`) : 0;
  const present = presentIn(segment, column!) + nested;
  const entry = segment.column(column!);
  if (entry === undefined || mixed.some((each) => segment.column(each) !== undefined))
    return { rows, present, type: "mixed" };
  const { type, min, max } = entry;
  return { rows, present, type: type === "double" || type === "int64" ? "number" : type, min, max };
}
