import { isDate } from "../platform/any-realm.ts";
import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";
import { type Aggregate, type Field, formatField } from "./field.ts";
import { type Condition, type Operand, type Operator, OPERANDS, normalValue, operandOf } from "./filter.ts";
import { parseDate, parseDuration } from "./literal.ts";
import type { RunStatus } from "../journal/run-record.ts";
import { wrongStatus } from "./error-advice.ts";
import { type FilterTree, copyFilter } from "./copy-filter.ts";

/** A condition that `where` has built. */
export class Where {
  /** The condition as a tree. */
  readonly filter: Condition;

  /** @internal Use `where`. */
  constructor(filter: Condition) {
    this.filter = filter;
  }

  /** Returns the condition that both are true. */
  and(other: Where | Condition): Where {
    return this.#join("and", other);
  }

  /** Returns the condition that at least one is true. */
  or(other: Where | Condition): Where {
    return this.#join("or", other);
  }

  /** Returns the condition that this one is not true. */
  not(): Where {
    return new Where({ kind: "not", filter: this.filter });
  }

  #join(kind: "and" | "or", other: FilterTree): Where {
    const right = copyFilter(other);
    if (right.kind === "all") throw invalidArgument("filter", "a condition", other);
    const { filter } = this;
    return new Where({ kind, filters: filter.kind === kind ? [...filter.filters, right] : [filter, right] });
  }
}

/** Comparisons for equality. */
interface Equality<T> {
  /** Returns the condition that the field equals the value. */
  eq(value: T): Where;
  /** Returns the condition that the field differs from the value. A run without the field does not match. */
  ne(value: T): Where;
}
/** Comparisons of order. */
interface Order<T> {
  /** Returns the condition that the field is less than the value. */
  lt(value: T): Where;
  /** Returns the condition that the field is at most the value. */
  lte(value: T): Where;
  /** Returns the condition that the field is greater than the value. */
  gt(value: T): Where;
  /** Returns the condition that the field is at least the value. */
  gte(value: T): Where;
}
/** Comparisons of texts with patterns. */
interface Texts {
  /** Returns the condition that the text fits the pattern: `%` stands for any characters, `_` for one. */
  like(pattern: string): Where;
  /** Returns the same condition as {@link like}, without regard to case. */
  ilike(pattern: string): Where;
}
/** Comparisons with several values. */
interface Lists<T> {
  /** Returns the condition that the field equals one of the values. */
  in(values: readonly T[]): Where;
  /** Returns the condition that the field equals none of the values. A run without the field does not match. */
  notIn(values: readonly T[]): Where;
}
/** Whether a run has a field. */
interface Presence {
  /** Returns the condition that the run has no such field. */
  isNull(): Where;
  /** Returns the condition that the run has such a field. */
  isNotNull(): Where;
}

/** A number in a filter. */
export interface NumberTerm<T = number> extends Equality<T>, Order<T>, Lists<T> {}
/** A metric in a filter. By itself it means the latest value. */
export interface MetricTerm extends NumberTerm {
  /** The latest value. */
  readonly last: NumberTerm;
  /** The smallest value. */
  readonly min: NumberTerm;
  /** The greatest value. */
  readonly max: NumberTerm;
  /** The mean of all values. */
  readonly mean: NumberTerm;
  /** The best value, by the goal of the metric. */
  readonly best: NumberTerm;
  /** The number of points. */
  readonly count: NumberTerm;
}
/** A text in a filter. */
export interface TextTerm extends Equality<string>, Texts, Lists<string> {}
/** The statuses that filters compare with, in lower or upper case. `scheduled` is MLflow's; no run has it. */
export type StatusText = RunStatus | "scheduled" | Uppercase<RunStatus | "scheduled">;
/** The status of a run in a filter. */
export interface StatusTerm extends Equality<StatusText>, Texts, Lists<StatusText> {}
/** A tag in a filter. */
export interface TagTerm extends TextTerm, Presence {}
/** A param in a filter. */
export interface ParamTerm
  extends Equality<string | number | boolean>, Order<number>, Texts, Lists<string | number | boolean>, Presence {}
/** A param in a filter whose type the compiler knows. */
export type ParamTermOf<T> = [T] extends [string | number | bigint | boolean | null | undefined]
  ? Equality<InFilter<T>> &
      Lists<InFilter<T>> &
      Presence &
      ([Extract<T, number | bigint>] extends [never] ? unknown : Order<number>) &
      ([Extract<T, string>] extends [never] ? unknown : Texts)
  : ParamTerm;
/** The values that filters compare with a param of the type `T`. */
type InFilter<T> = T extends bigint ? number : T extends string | number | boolean ? T : never;
/** A time in a filter. It takes ms since the epoch, a `Date`, or an ISO date as text. */
export type TimeTerm = NumberTerm<number | Date | string>;
/** A duration in a filter. It takes ms, or text such as `2h30m`. */
export type DurationTerm = NumberTerm<number | string>;

/** One field. A method that its kind does not allow throws. */
export class Term implements MetricTerm, ParamTerm {
  readonly #field: Field;
  constructor(field: Field) {
    this.#field = field;
  }
  eq(value: unknown): Where {
    return this.#compare("=", value);
  }
  ne(value: unknown): Where {
    return this.#compare("!=", value);
  }
  lt(value: unknown): Where {
    return this.#compare("<", value);
  }
  lte(value: unknown): Where {
    return this.#compare("<=", value);
  }
  gt(value: unknown): Where {
    return this.#compare(">", value);
  }
  gte(value: unknown): Where {
    return this.#compare(">=", value);
  }
  like(pattern: unknown): Where {
    return this.#compare("LIKE", pattern);
  }
  ilike(pattern: unknown): Where {
    return this.#compare("ILIKE", pattern);
  }
  in(values: readonly unknown[]): Where {
    return this.#list("IN", "or", "=", values);
  }
  notIn(values: readonly unknown[]): Where {
    return this.#list("NOT IN", "and", "!=", values);
  }
  isNull(): Where {
    return this.#compare("IS NULL", null);
  }
  isNotNull(): Where {
    return this.#compare("IS NOT NULL", null);
  }
  get last(): Term {
    return this.#of("last");
  }
  get min(): Term {
    return this.#of("min");
  }
  get max(): Term {
    return this.#of("max");
  }
  get mean(): Term {
    return this.#of("mean");
  }
  get best(): Term {
    return this.#of("best");
  }
  get count(): Term {
    return this.#of("count");
  }

  #of(aggregate: Aggregate): Term {
    const field = this.#field;
    if (field.kind !== "metric") throw this.#error(`has no .${aggregate}`);
    return new Term({ ...field, aggregate });
  }

  #compare(operator: Operator, given: unknown): Where {
    const field = this.#field;
    const operand = operandOf(field, operator);
    if (operand === undefined) throw this.#error(`has no ${operator}`);
    const value = normalValue(field, operand, operand === "number" ? this.#inMs(given) : given);
    if (value === undefined) throw invalidArgument(formatField(field), this.#expected(operand), given);
    const status = wrongStatus(field, operator, value);
    if (status !== undefined) throw invalidArgument(formatField(field), status, given);
    return new Where({ kind: "compare", field, operator, value });
  }

  /** If the grammar has no list for the field, compares each value. */
  #list(operator: Operator, kind: "and" | "or", single: Operator, values: readonly unknown[]): Where {
    if (!Array.isArray(values) || values.length === 0) {
      throw invalidArgument(formatField(this.#field), "an array that is not empty", values);
    }
    if (operandOf(this.#field, operator) !== undefined) return this.#compare(operator, values);
    const filters = Array.from(values, (value: unknown) => this.#compare(single, value).filter);
    return new Where(filters.length === 1 ? (filters[0] as Condition) : { kind, filters });
  }

  #expected(operand: Operand): string {
    const field = this.#field;
    if (field.kind !== "attribute" || operand !== "number") return OPERANDS[operand];
    return field.name === "duration"
      ? 'ms, or a duration such as "2h30m" or "250ms"'
      : 'ms since the epoch, a Date, or a date such as "2026-11-01" or "2026-11-01T10:30Z"';
  }

  #inMs(value: unknown): unknown {
    const field = this.#field;
    if (field.kind !== "attribute") return value;
    if (field.name !== "duration" && isDate(value)) return value.getTime();
    return typeof value === "string" ? (field.name === "duration" ? parseDuration : parseDate)(value) : value;
  }

  #error(what: string): LedgerError {
    const field = formatField(this.#field);
    return new LedgerError("INVALID_ARGUMENT", `${field} ${what}`, { field });
  }
}
