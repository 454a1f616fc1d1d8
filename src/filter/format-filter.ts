import { formatField } from "./field.ts";
import { type Condition, type Filter, type FilterValue, needsParentheses } from "./filter.ts";

/** Returns the text of a filter. {@link parseFilter} reads it as the same filter. */
export function formatFilter(filter: Filter): string {
  return filter.kind === "all" ? "" : format(filter, undefined);
}

function format(filter: Condition, parent: "and" | "or" | "not" | undefined): string {
  let text: string;
  if (filter.kind === "compare") {
    text = `${formatField(filter.field)} ${filter.operator}`;
    if (filter.value !== null) text += ` ${formatValue(filter.value)}`;
  } else if (filter.kind === "not") text = `NOT ${format(filter.filter, "not")}`;
  else text = filter.filters.map((part) => format(part, filter.kind)).join(` ${filter.kind.toUpperCase()} `);
  return needsParentheses(parent, filter.kind) ? `(${text})` : text;
}

function formatValue(value: NonNullable<FilterValue>): string {
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  return typeof value === "object" ? `(${value.map(formatValue).join(", ")})` : String(value);
}
