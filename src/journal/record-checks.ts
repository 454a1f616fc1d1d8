import type { Dictionary } from "./event.ts";

// Dictionaries are checked by hand: `z.record` would drop a key named `__proto__`.

/** True for data with keys; arrays are none. */
export function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isStrings(value: unknown): value is Dictionary<string> {
  return isDictionary(value) && Object.values(value).every((item) => typeof item === "string");
}

export function isCounts(value: unknown): value is Dictionary<number> {
  return isDictionary(value) && Object.values(value).every(isInteger);
}

/** True for `sha256:<64 lower-case hex digits>`. */
export function isDigest(value: unknown): value is string {
  return typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** True for 0, 1, 2, … */
export function isCount(value: unknown): value is number {
  return isInteger(value) && value >= 0;
}

export function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
