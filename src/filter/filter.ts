import { toNumber } from "../journal/params.ts";
import { attributeOf } from "./attributes.ts";
import { type Field, formatField } from "./field.ts";

/** An operator of the filter language. */
export type Operator =
  | "="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "LIKE"
  | "ILIKE"
  | "IN"
  | "NOT IN"
  | "IS NULL"
  | "IS NOT NULL";

/** The value with which a field is compared. `null` for `IS NULL` and `IS NOT NULL`. */
export type FilterValue = string | number | boolean | bigint | readonly string[] | null;

/** A comparison of one field with a value. */
export interface Comparison {
  /** Marks a comparison. */
  readonly kind: "compare";
  /** The field that is compared. */
  readonly field: Field;
  /** The operator of the comparison. */
  readonly operator: Operator;
  /** The value with which the field is compared. */
  readonly value: FilterValue;
}

/** A filter as a tree. `all`, the empty filter, stands alone. */
export type Filter =
  | {
      /** Selects every run. */
      readonly kind: "all";
    }
  | Condition;
/** A filter that selects some runs: a comparison, or a combination of conditions. */
export type Condition =
  | Comparison
  | {
      /** `"and"`: all conditions are true. `"or"`: at least one is. */
      readonly kind: "and" | "or";
      /** The conditions, two or more. */
      readonly filters: readonly Condition[];
    }
  | {
      /** The condition is not true. */
      readonly kind: "not";
      /** The condition that is negated. */
      readonly filter: Condition;
    };

/** The longest text of a filter, and of a key or a value in it, in UTF-16 code units. */
export const MAX_FILTER_CHARS: number = 64 * 1024;
/** The deepest nesting of parentheses and NOTs. */
export const MAX_FILTER_DEPTH = 100;
export const MAX_COMPARISONS = 1000;
/**
 * The longest pattern of LIKE, in UTF-16 code units. It bounds the time of a match, which is at worst proportional to
 * the product of both lengths.
 */
export const MAX_PATTERN_CHARS = 1000;

/** The operand on the right of an operator. `scalar`: text, number or boolean. */
export type Operand = "number" | "text" | "pattern" | "scalar" | "list" | "none";

const ORDERED: readonly Operator[] = ["=", "!=", "<", "<=", ">", ">="];
const TEXTUAL: readonly Operator[] = ["=", "!=", "LIKE", "ILIKE"];
const LISTED: readonly Operator[] = ["IN", "NOT IN"];
const NULLS: readonly Operator[] = ["IS NULL", "IS NOT NULL"];

/** Returns the operators that may follow a field. */
export function operatorsOf(field: Field): readonly Operator[] {
  switch (field.kind) {
    case "metric":
      return ORDERED;
    case "param":
      return [...ORDERED, "LIKE", "ILIKE", ...NULLS];
    case "tag":
      return [...TEXTUAL, ...NULLS];
    case "dataset":
      return [...TEXTUAL, ...LISTED];
    default: {
      const { type, listed } = attributeOf(field.name);
      if (type !== "text") return ORDERED;
      // MLflow refuses lists for its other attributes, for params and for tags.
      return listed ? [...TEXTUAL, ...LISTED] : TEXTUAL;
    }
  }
}

/** Returns the operand of an operator after a field, or `undefined` if the operator cannot follow the field. */
export function operandOf(field: Field, operator: Operator): Operand | undefined {
  const operators = operatorsOf(field);
  if (!operators.includes(operator)) return undefined;
  if (NULLS.includes(operator)) return "none";
  if (LISTED.includes(operator)) return "list";
  if (operator === "LIKE" || operator === "ILIKE") return "pattern";
  if (field.kind === "param") return operator === "=" || operator === "!=" ? "scalar" : "number";
  return operators === ORDERED ? "number" : "text";
}

/** The expected operands, for messages. */
export const OPERANDS: Readonly<Record<Operand, string>> = {
  number: "a number",
  text: "a quoted text",
  pattern: `a quoted text of at most ${MAX_PATTERN_CHARS} characters`,
  scalar: "a quoted text, a number, true or false",
  list: "a list of quoted texts",
  none: "nothing",
};

/**
 * Returns the value as a comparison keeps it, with status words in lower case and 0 instead of -0. Returns `undefined`
 * if the value is not such an operand.
 */
export function normalValue(field: Field, operand: Operand, value: unknown): FilterValue | undefined {
  switch (typeof value) {
    case "number":
      if (Number.isNaN(value)) return undefined;
      return operand === "number" || operand === "scalar" ? value + 0 : undefined;
    case "bigint": {
      if (operand !== "number" && operand !== "scalar") return undefined;
      const number = toNumber(value);
      // Only params can be integers that no float64 can hold.
      return typeof number === "number" || field.kind === "param" ? number : undefined;
    }
    case "boolean":
      return operand === "scalar" ? value : undefined;
    case "string":
      if (value.length > (operand === "pattern" ? MAX_PATTERN_CHARS : MAX_FILTER_CHARS)) return undefined;
      if (operand !== "text" && operand !== "scalar" && operand !== "pattern") return undefined;
      return field.kind === "attribute" && field.name === "status" ? value.toLowerCase() : value;
    default: {
      if (value === null) return operand === "none" ? null : undefined;
      if (operand !== "list" || !Array.isArray(value)) return undefined;
      if (value.length === 0 || value.length > MAX_FILTER_CHARS) return undefined;
      const items = Array.from(value, (item: unknown) => item);
      return items.every((item) => typeof item === "string") ? items : undefined;
    }
  }
}

const RANKS = { or: 1, and: 2, not: 3, compare: 4 } as const;

/** Returns whether a part needs parentheses below `parent`, so that its text means the same tree. */
export function needsParentheses(parent: "and" | "or" | "not" | undefined, part: Condition["kind"]): boolean {
  if (parent === undefined) return false;
  return parent === "not" ? RANKS[part] < RANKS.not : RANKS[part] <= RANKS[parent];
}

/** Returns the fields that a filter reads, each once, in the order in which they first occur. */
export function fieldsOf(filter: Filter): Field[] {
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
