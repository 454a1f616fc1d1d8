import type { Comparison, Filter, Operator } from "./filter.ts";
import { toNumber } from "../journal/params.ts";
import { compileLike } from "./like.ts";
import type { FilterRow } from "./filter-row.ts";

export type RowTest = (row: FilterRow) => boolean;

/**
 * Returns a test of rows. A comparison of a field that the run lacks is false, even with `!=` and `NOT IN`. Every
 * comparison with a NaN is false, except `!=`.
 */
export function compileFilter(filter: Filter): RowTest {
  switch (filter.kind) {
    case "all":
      return () => true;
    case "not": {
      const test = compileFilter(filter.filter);
      return (row) => !test(row);
    }
    case "compare":
      return compileComparison(filter);
    default: {
      const tests = filter.filters.map(compileFilter);
      const deciding = filter.kind === "or";
      return (row) => {
        for (const test of tests) if (test(row) === deciding) return deciding;
        return !deciding;
      };
    }
  }
}

function compileComparison(comparison: Comparison): RowTest {
  const { field, operator, value } = comparison;
  switch (field.kind) {
    case "metric": {
      const { key, aggregate } = field;
      const test = compileNumber(operator, value as number);
      return (row) => {
        const found = row.metric(key, aggregate);
        return found !== undefined && test(found);
      };
    }
    case "attribute": {
      const { name } = field;
      const test = (typeof value === "number" ? compileNumber(operator, value) : compileText(comparison)) as (
        found: string | number,
      ) => boolean;
      return (row) => {
        const found = row.attribute(name);
        return found !== undefined && test(found);
      };
    }
    case "tag": {
      const { key } = field;
      if (value === null) return (row) => (row.tag(key) === undefined) === (operator === "IS NULL");
      const test = compileText(comparison);
      return (row) => {
        const found = row.tag(key);
        return found !== undefined && test(found);
      };
    }
    case "dataset": {
      const { name } = field;
      const test = compileText(comparison);
      return (row) =>
        row.datasets().some((dataset) => {
          const found = dataset[name];
          return found !== undefined && test(found);
        });
    }
    default:
      return compileParam(field.key, comparison);
  }
}

function compileParam(key: string, comparison: Comparison): RowTest {
  const { operator, value } = comparison;
  if (value === null) {
    const isThere = (row: FilterRow): boolean => (row.param(key) ?? null) !== null || row.isNested(key);
    return (row) => isThere(row) === (operator === "IS NOT NULL");
  }
  if (typeof value === "number" || typeof value === "bigint") {
    const test = compileNumber(operator, value);
    return (row) => {
      const found = row.param(key);
      return (typeof found === "number" || typeof found === "bigint") && test(found);
    };
  }
  if (typeof value === "boolean") {
    const wanted = (operator === "=") === value;
    return (row) => row.param(key) === wanted;
  }
  const test = compileText(comparison);
  // JavaScript writes large numbers with zeros at the end. A text with all their digits means the same number.
  const number = operator === "=" || operator === "!=" ? numberOfDigits(value as string) : undefined;
  return (row) => {
    const found = row.param(key) ?? null;
    if (found === null) return false;
    return found === number ? operator === "=" : test(String(found));
  };
}

const DIGITS = /^-?[1-9][0-9]{15,999}$/;

/** Returns the number that equals these digits exactly, or `undefined` if no number does. */
function numberOfDigits(text: string): number | undefined {
  const number = DIGITS.test(text) ? toNumber(BigInt(text)) : undefined;
  return typeof number === "number" ? number : undefined;
}

/**
 * Returns a test of numbers. JavaScript compares a bigint with a number exactly. A bigint here never equals a number.
 */
function compileNumber(operator: Operator, value: number | bigint): (found: number | bigint) => boolean {
  switch (operator) {
    case "=":
      return (found) => found === value;
    case "!=":
      return (found) => found !== value;
    case "<":
      return (found) => found < value;
    case "<=":
      return (found) => found <= value;
    case ">":
      return (found) => found > value;
    default:
      return (found) => found >= value;
  }
}

function compileText({ operator, value }: Comparison): (found: string) => boolean {
  switch (operator) {
    case "=":
      return (found) => found === value;
    case "!=":
      return (found) => found !== value;
    case "LIKE":
    case "ILIKE":
      return compileLike(value as string, operator === "ILIKE");
    default: {
      const listed = new Set(value as readonly string[]);
      const wanted = operator === "IN";
      return (found) => listed.has(found) === wanted;
    }
  }
}
