import { compareUtf8 } from "../bytes/utf8-order.ts";
import type { Field } from "./field.ts";
import type { Comparison, Filter, Operator } from "./filter.ts";
import { likePrefix } from "./like.ts";

/**
 * What is known about a field of some rows. All values except NaN are between `min` and `max`, which need not be values
 * themselves. Numbers are ordered by size, texts by code points (the order of UTF-8). For datasets, `present` counts
 * runs, and the bounds apply to every dataset.
 */
export interface FieldStatistics {
  readonly rows: number;
  /** The number of rows that have a value. An explicit null does not count. */
  readonly present: number;
  readonly min?: number | string | undefined;
  readonly max?: number | string | undefined;
  /** Whether a value is NaN. If absent, numbers may include NaN. */
  readonly hasNaN?: boolean | undefined;
  /** For params: the type of every value, or `mixed`. */
  readonly type: "number" | "string" | "boolean" | "mixed";
}

/** Whether some row may match, and whether some row may not match. */
interface Outlook {
  readonly some: boolean;
  readonly notAll: boolean;
}

const UNKNOWN: Outlook = { some: true, notAll: true };

/** Returns false only if no row with these statistics can match. `undefined` stands for unknown statistics. */
export function couldMatch(filter: Filter, statisticsOf: (field: Field) => FieldStatistics | undefined): boolean {
  const outlook = (part: Filter): Outlook => {
    switch (part.kind) {
      case "all":
        return UNKNOWN;
      case "not": {
        const { some, notAll } = outlook(part.filter);
        return { some: notAll, notAll: some };
      }
      case "compare": {
        const statistics = statisticsOf(part.field);
        return statistics === undefined ? UNKNOWN : ofComparison(part, statistics);
      }
      default: {
        const parts = part.filters.map(outlook);
        const some = parts.map((each) => each.some);
        const notAll = parts.map((each) => each.notAll);
        return part.kind === "and"
          ? { some: !some.includes(false), notAll: notAll.includes(true) }
          : { some: some.includes(true), notAll: !notAll.includes(false) };
      }
    }
  };
  return outlook(filter).some;
}

function ofComparison({ field, operator, value }: Comparison, statistics: FieldStatistics): Outlook {
  const { rows, present, type } = statistics;
  if (value === null) {
    const [absent, some] = [present < rows, present > 0];
    return operator === "IS NULL" ? { some: absent, notAll: some } : { some, notAll: absent };
  }
  // Bounds are numbers.
  if (typeof value === "bigint") return UNKNOWN;
  // Every other comparison is false for rows without a value.
  if (present === 0) return { some: false, notAll: rows > 0 };
  if (field.kind === "param" && typeof value !== type) {
    // A text is also compared with numbers and booleans, as text. A number is compared only with numbers, and a boolean
    // only with booleans.
    return typeof value === "string" || type === "mixed" ? UNKNOWN : { some: false, notAll: true };
  }
  const { min, max, hasNaN = type === "number" } = statistics;
  const bounds = min === undefined || max === undefined ? undefined : ({ min, max } as Bounds);
  if (bounds === undefined || typeof value === "boolean") return UNKNOWN;
  if (typeof value !== "number") {
    const { some, notAll } = ofTexts(operator, value, bounds);
    return { some, notAll: notAll || present < rows };
  }
  if (typeof min !== "number" || typeof max !== "number") return UNKNOWN;
  const { some, notAll } = ofNumbers(operator, value, min, max);
  const isUnequal = operator === "!=";
  return { some: some || (hasNaN && isUnequal), notAll: notAll || present < rows || (hasNaN && !isUnequal) };
}

interface Bounds {
  readonly min: string;
  readonly max: string;
}

const negation = ({ some, notAll }: Outlook): Outlook => ({ some: notAll, notAll: some });

function ofNumbers(operator: Operator, value: number, min: number, max: number): Outlook {
  switch (operator) {
    case "<":
      return { some: min < value, notAll: max >= value };
    case "<=":
      return { some: min <= value, notAll: max > value };
    case ">":
      return negation(ofNumbers("<=", value, min, max));
    case ">=":
      return negation(ofNumbers("<", value, min, max));
    case "!=":
      return negation(ofNumbers("=", value, min, max));
    default:
      return { some: min <= value && value <= max, notAll: min !== value || max !== value };
  }
}

function ofTexts(operator: Operator, value: string | readonly string[], bounds: Bounds): Outlook {
  const { min, max } = bounds;
  if (typeof min !== "string" || typeof max !== "string" || operator === "ILIKE") return UNKNOWN;
  if (operator === "!=") return negation(ofTexts("=", value, bounds));
  if (operator === "NOT IN") return negation(ofTexts("IN", value, bounds));
  if (operator === "LIKE") {
    const prefix = likePrefix(value as string);
    const isBelow = compareUtf8(max, prefix) < 0;
    const isAbove = compareUtf8(min, prefix) > 0 && !min.startsWith(prefix);
    return { some: !isBelow && !isAbove, notAll: true };
  }
  const wanted = typeof value === "string" ? [value] : value;
  return {
    some: wanted.some((text) => compareUtf8(min, text) <= 0 && compareUtf8(text, max) <= 0),
    notAll: min !== max || !wanted.includes(min),
  };
}
