import { isNested, toNumber } from "../journal/params.ts";

/**
 * Returns a text that is the same for two values exactly if they are the same data. 5 and `"5"` differ; 5 and `5n`, NaN
 * and NaN, and 0 and -0 are the same. The order of an object's keys does not matter.
 */
export function identity(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return identityOfInteger(toNumber(value));
  if (Array.isArray(value)) return `[${value.map(identity).join(",")}]`;
  if (!isNested(value)) return String(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${identity(value[key])}`).join(",")}}`;
}

/**
 * Returns the identity of an integer. The `n` is needed because JavaScript may write the nearest number with the same
 * digits.
 */
function identityOfInteger(value: number | bigint): string {
  return typeof value === "bigint" ? `${value}n` : String(value);
}

/**
 * Returns a function that shows values side by side. Strings are bare if all values are strings; otherwise they are
 * quoted, so that 5 and `"5"` look different.
 */
export function valueTexts(values: readonly unknown[]): (value: unknown) => string {
  return values.every((value) => typeof value === "string") ? String : identity;
}

/** Compares two values in a total order: numbers (NaN last), strings by code units, booleans, other values, `null`. */
export function compareValues(a: unknown, b: unknown): number {
  return rank(a) - rank(b) || order(a, b) || order(identity(a), identity(b));
}

const RANKS = ["number", "nan", "string", "boolean", "object"];

function rank(value: unknown): number {
  if (value === null || value === undefined) return RANKS.length;
  if (typeof value === "bigint") return 0;
  return RANKS.indexOf(Number.isNaN(value) ? "nan" : typeof value);
}

function order(a: unknown, b: unknown): number {
  if (typeof a === "object" || typeof b === "object") return 0;
  return (a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0;
}
