import type { Field } from "./field.ts";
import {
  type Comparison,
  type Condition,
  type Filter,
  type FilterValue,
  MAX_COMPARISONS,
  MAX_FILTER_DEPTH,
  OPERANDS,
  type Operand,
  type Operator,
  normalValue,
  operandOf,
  operatorsOf,
} from "./filter.ts";
import { parseDate, parseDuration, parseInteger, parseNumber } from "./literal.ts";
import { parseField } from "./parse-field.ts";
import { wrongStatus } from "./error-advice.ts";
import { Tokenizer } from "./tokenizer.ts";
import { type FilterTree, copyFilter } from "./copy-filter.ts";

/**
 * Returns the filter that a text means. Throws `INVALID_ARGUMENT` with the position of the error. `readField` reads a
 * field. Default: one of runs.
 */
export function parseFilter(text: string, readField: (tokens: Tokenizer) => Field = parseField): Filter {
  const tokens = new Tokenizer(text, "filter");
  if (tokens.isAtEnd) return { kind: "all" };
  const filter = new Parser(tokens, readField).or(0);
  if (!tokens.isAtEnd) throw tokens.error("AND, OR or the end");
  return filter;
}

class Parser {
  readonly #tokens: Tokenizer;
  readonly #readField: (tokens: Tokenizer) => Field;
  #comparisons = 0;

  constructor(tokens: Tokenizer, readField: (tokens: Tokenizer) => Field) {
    this.#tokens = tokens;
    this.#readField = readField;
  }

  or(depth: number): Condition {
    return this.#series("or", () => this.#series("and", () => this.#term(depth)));
  }

  #series(kind: "and" | "or", part: () => Condition): Condition {
    const filters = [part()];
    while (this.#tokens.take(kind.toUpperCase())) filters.push(part());
    return filters.length === 1 ? (filters[0] as Condition) : { kind, filters };
  }

  #term(depth: number): Condition {
    const tokens = this.#tokens;
    const { token } = tokens;
    const isNot = tokens.take("NOT");
    if (!isNot && !tokens.take("(")) return this.#comparison();
    if (depth === MAX_FILTER_DEPTH) throw tokens.error(`at most ${MAX_FILTER_DEPTH} nested ( and NOT`, token);
    if (isNot) return { kind: "not", filter: this.#term(depth + 1) };
    const filter = this.or(depth + 1);
    if (!tokens.take(")")) throw tokens.error("AND, OR or )");
    return filter;
  }

  #comparison(): Comparison {
    const tokens = this.#tokens;
    if (++this.#comparisons > MAX_COMPARISONS) throw tokens.error(`at most ${MAX_COMPARISONS} comparisons`);
    const field = this.#readField(tokens);
    const { token } = tokens;
    const operator = this.#operator();
    const operand = operandOf(field, operator);
    if (operand === undefined) {
      const advice = operator.endsWith("IN") ? " (instead of a list, several = joined by OR)" : "";
      throw tokens.error(`one of ${operatorsOf(field).join(", ")}${advice}`, token);
    }
    const given = tokens.token;
    const value = operand === "none" ? null : operand === "list" ? this.#list() : this.#value(field, operand);
    const status = wrongStatus(field, operator, value);
    if (status !== undefined) throw tokens.error(status, given);
    return { kind: "compare", field, operator, value };
  }

  /** Returns the operator at this position. It may be an unknown one. */
  #operator(): Operator {
    const tokens = this.#tokens;
    const { kind } = tokens.token;
    if (kind !== "symbol" && kind !== "word") return "" as Operator;
    const first = tokens.advance().text.toUpperCase();
    if (first === "NOT" && tokens.take("IN")) return "NOT IN";
    if (first !== "IS") return first as Operator;
    const isNot = tokens.take("NOT");
    if (!tokens.take("NULL")) throw tokens.error(isNot ? "NULL" : "NULL or NOT NULL");
    return isNot ? "IS NOT NULL" : "IS NULL";
  }

  #list(): string[] {
    const tokens = this.#tokens;
    tokens.expect("(");
    const items: string[] = [];
    do {
      // MLflow accepts the tuples of Python, including ('a',).
      if (items.length > 0 && tokens.token.text === ")" && tokens.token.kind === "symbol") break;
      if (tokens.token.kind !== "quoted") throw tokens.error(OPERANDS.text);
      items.push(tokens.advance().text);
    } while (tokens.take(","));
    if (!tokens.take(")")) throw tokens.error(", or )");
    return items;
  }

  #value(field: Field, operand: Operand): FilterValue {
    const tokens = this.#tokens;
    const { kind, text } = tokens.token;
    const isQuoted = kind === "quoted" && tokens.text[tokens.token.at] !== "`";
    let expected = OPERANDS[operand];
    let value: string | number | boolean | bigint | undefined = isQuoted ? text : undefined;
    if (kind === "word")
      value = (field.kind === "param" ? parseInteger(text) : undefined) ?? parseNumber(text) ?? parseBoolean(text);
    if (field.kind === "attribute" && operand === "number") {
      expected =
        field.name === "duration" ? "a duration such as 2h30m or 250ms, or ms" : "a date such as 2026-11-01, or ms";
      const parse = field.name === "duration" ? parseDuration : parseDate;
      if (isQuoted) value = parse(text);
      else if (kind === "word") value ??= parse(text);
    }
    const normal = value === undefined ? undefined : normalValue(field, operand, value);
    if (normal === undefined) {
      if (/^-?nan$/i.test(text)) expected += " (no value equals NaN; .count says how many values there are)";
      else if (/^null$/i.test(text) && field.kind !== "metric") expected += ", or IS NULL";
      throw tokens.error(expected);
    }
    tokens.advance();
    return normal;
  }
}

function parseBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return word === "true" ? true : word === "false" ? false : undefined;
}

/** The filter of a search: text, a tree, or a condition that `where` has built. */
export type FilterInput = string | FilterTree;

/** Returns the filter that a caller passed, as a new tree. Throws like {@link parseFilter} and {@link copyFilter}. */
export function toFilter(input: FilterInput | undefined): Filter {
  if (input === undefined) return { kind: "all" };
  return typeof input === "string" ? parseFilter(input) : copyFilter(input);
}
