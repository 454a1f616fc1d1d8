import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";
import { type Field, isAggregate, namedField } from "./field.ts";
import {
  type Comparison,
  type Condition,
  type Filter,
  MAX_COMPARISONS,
  MAX_FILTER_CHARS,
  MAX_FILTER_DEPTH,
  OPERANDS,
  type Operator,
  needsParentheses,
  normalValue,
  operandOf,
} from "./filter.ts";
import { wrongStatus } from "./error-advice.ts";

/** A filter as a tree, or a condition that `where` has built. */
export type FilterTree =
  | Filter
  | {
      /** The condition as a tree. */
      readonly filter: Filter;
    };

/**
 * Returns a copy of a caller's tree. Throws `INVALID_ARGUMENT` for anything else; its `field` is the path of the wrong
 * part.
 */
export function copyFilter(input: FilterTree): Filter {
  try {
    const given = read(input, "filter", FORMS);
    if (Array.isArray(input) || (given["kind"] === undefined && given["filter"] === undefined))
      throw invalidArgument("filter", FORMS, input);
    const isBuilt = given["kind"] === undefined && given["filter"] !== undefined;
    const tree = isBuilt ? read(given["filter"], "filter", "a filter") : given;
    return tree["kind"] === "all" ? { kind: "all" } : new Copier().copy(tree, "filter", undefined, 0);
  } catch (error) {
    if (LedgerError.is(error)) throw error;
    // A getter or a proxy of the caller threw.
    throw new LedgerError("INVALID_ARGUMENT", "filter cannot be read", { field: "filter", cause: error });
  }
}

const FORMS = 'text such as "metrics.loss < 0.1", or a condition of where (runledger/where)';

type Raw = Readonly<Record<string, unknown>>;

class Copier {
  #comparisons = 0;

  copy(input: unknown, path: string, parent: "and" | "or" | "not" | undefined, depth: number): Condition {
    const raw = read(input, path, "a filter");
    const kind = raw["kind"];
    if (kind !== "and" && kind !== "or" && kind !== "not" && kind !== "compare") {
      throw invalidArgument(`${path}.kind`, "and, or, not or compare", kind);
    }
    if (kind === "compare") {
      if (++this.#comparisons > MAX_COMPARISONS) throw tooMany(`at most ${MAX_COMPARISONS} comparisons`);
      return copyComparison(raw, path);
    }
    const within = depth + (kind === "not" ? 1 : 0) + (needsParentheses(parent, kind) ? 1 : 0);
    if (within > MAX_FILTER_DEPTH) throw tooMany(`at most ${MAX_FILTER_DEPTH} levels`);
    if (kind === "not") return { kind, filter: this.copy(raw["filter"], `${path}.filter`, kind, within) };
    const filters = raw["filters"];
    if (!Array.isArray(filters) || filters.length < 2 || filters.length > MAX_COMPARISONS) {
      throw invalidArgument(`${path}.filters`, `an array of 2 to ${MAX_COMPARISONS} filters`, filters);
    }
    return { kind, filters: Array.from(filters, (part, i) => this.copy(part, `${path}.filters.${i}`, kind, within)) };
  }
}

function copyComparison(raw: Raw, path: string): Comparison {
  const field = copyField(raw["field"], `${path}.field`);
  const operator = raw["operator"] as Operator;
  const operand = operandOf(field, operator);
  if (operand === undefined) throw invalidArgument(`${path}.operator`, `one for a ${field.kind}`, operator);
  const given = raw["value"];
  const value = normalValue(field, operand, given);
  if (value === undefined) throw invalidArgument(`${path}.value`, OPERANDS[operand], given);
  const status = wrongStatus(field, operator, value);
  if (status !== undefined) throw invalidArgument(`${path}.value`, status, given);
  return { kind: "compare", field, operator, value };
}

/** Returns a copy of a caller's field. Throws as {@link copyFilter} does. */
export function copyField(input: unknown, path: string): Field {
  const raw = read(input, path, "a field");
  const kind = raw["kind"];
  switch (kind) {
    case "attribute":
    case "dataset": {
      const name = raw["name"];
      const field = typeof name === "string" ? namedField(kind, name) : undefined;
      if (field === undefined) throw invalidArgument(`${path}.name`, `the name of an ${kind}`, name);
      return field;
    }
    case "param":
    case "tag":
      return { kind, key: copyKey(raw["key"], path) };
    case "metric": {
      const aggregate = raw["aggregate"];
      if (!isAggregate(aggregate))
        throw invalidArgument(`${path}.aggregate`, "last, min, max, mean, best or count", aggregate);
      return { kind, key: copyKey(raw["key"], path), aggregate };
    }
    default:
      throw invalidArgument(`${path}.kind`, "attribute, param, tag, metric or dataset", kind);
  }
}

function copyKey(key: unknown, path: string): string {
  if (typeof key === "string" && key.length <= MAX_FILTER_CHARS) return key;
  throw invalidArgument(`${path}.key`, `a string of at most ${MAX_FILTER_CHARS} characters`, key);
}

function read(value: unknown, path: string, expected: string): Raw {
  if (typeof value === "object" && value !== null) return value as Raw;
  throw invalidArgument(path, expected, value);
}

const tooMany = (limit: string): LedgerError =>
  new LedgerError("INVALID_ARGUMENT", `filter must have ${limit}`, { field: "filter" });
