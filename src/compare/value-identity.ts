import { isNested, toNumber } from "../journal/params.ts";

/**
 * A text that two values share exactly when they are the same data: 5 and `"5"` differ, 5 and `5n` do not, NaN is itself, -0 is 0,
 * the order of an object's keys does not matter.
 */
export function identity(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return identityOfInteger(toNumber(value));
  if (Array.isArray(value)) return `[${value.map(identity).join(",")}]`;
  if (!isNested(value)) return String(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${identity(value[key])}`).join(",")}}`;
}

/** An integer that no float64 holds may have the digits that JavaScript writes for the number next to it. */
function identityOfInteger(value: number | bigint): string {
  return typeof value === "bigint" ? `${value}n` : String(value);
}

/** What to show for values side by side: strings bare as long as all are strings, so that 5 and `"5"` are told apart. */
export function valueTexts(values: readonly unknown[]): (value: unknown) => string {
  return values.every((value) => typeof value === "string") ? String : identity;
}

/** A total order: numbers (NaN last), strings by code units, booleans, the rest, `null`. */
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
