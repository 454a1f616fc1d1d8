import { TYPE } from "../parquet/format-numbers.ts";
import type { Field } from "./filter/field.ts";
import type { FieldStatistics } from "./filter/statistics.ts";
import type { Segment } from "./segment.ts";

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
      return [`params.${field.key}`, `numbers.${field.key}`, `booleans.${field.key}`];
  }
}

/** Only the records of a segment tell what its runs have in this field. */
export function isOnlyInRecords(segment: Segment, field: Field): boolean {
  if (!segment.isIncomplete) return false;
  return columnsFor(field).every((column) => segment.chunk(column) === undefined);
}

/** Rows that have a value in a column; `undefined` where the footer does not say. */
export function presentIn(segment: Segment, column: string): number | undefined {
  const chunk = segment.chunk(column);
  if (chunk === undefined) return 0;
  if (!chunk.optional) return segment.rows;
  return chunk.nulls === undefined ? undefined : segment.rows - chunk.nulls;
}

/** What the footer of a segment says of a field; `undefined` where it says nothing. */
export function statisticsOf(segment: Segment, field: Field): FieldStatistics | undefined {
  if (isOnlyInRecords(segment, field) || field.kind === "dataset") return undefined;
  if (field.kind === "attribute" && (field.name === "duration" || field.name === "artifact_uri")) return undefined;
  const { rows } = segment;
  const [column, ...mixed] = columnsFor(field);
  const chunk = segment.chunk(column!);
  const present = presentIn(segment, column!);
  if (present === undefined) return undefined;
  if (chunk === undefined) return { rows, present, type: "mixed" };
  const type = chunk.type === TYPE.byteArray ? "string" : chunk.type === TYPE.boolean ? "boolean" : "number";
  if (mixed.some((each) => segment.chunk(each) !== undefined)) return { rows, present, type: "mixed" };
  if (type === "boolean" || chunk.min === undefined || chunk.max === undefined) return { rows, present, type };
  return { rows, present, type, min: decode(chunk.min, chunk.type), max: decode(chunk.max, chunk.type) };
}

function decode(bytes: Uint8Array, type: number): number | string {
  if (type === TYPE.byteArray) return new TextDecoder().decode(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return type === TYPE.double ? view.getFloat64(0, true) : Number(view.getBigInt64(0, true));
}
