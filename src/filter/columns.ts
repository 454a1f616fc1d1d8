import { type Field, formatField } from "./field.ts";
import type { Filter } from "./filter.ts";

/** The fields a filter reads, each once, in the order in which they first stand. */
export function columnsOf(filter: Filter): Field[] {
  const fields = new Map<string, Field>();
  const visit = (part: Filter): void => {
    if (part.kind === "compare") {
      const id = formatField(part.field);
      if (!fields.has(id)) fields.set(id, part.field);
    } else if (part.kind === "not") visit(part.filter);
    else if (part.kind !== "all") part.filters.forEach(visit);
  };
  visit(filter);
  return [...fields.values()];
}
