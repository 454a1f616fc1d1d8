import { hasLoneSurrogate } from "../bytes/well-formed.ts";
import type { Dictionary } from "./event.ts";

// Checks dictionaries by hand, because `z.record` would drop a key named `__proto__`.

/** Returns whether a value is data by key. Arrays are not. */
export function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isStrings(value: unknown): value is Dictionary<string> {
  return isDictionary(value) && Object.values(value).every((item) => typeof item === "string");
}

export function isCounts(value: unknown): value is Dictionary<number> {
  return isDictionary(value) && Object.values(value).every(isInteger);
}

/** Returns whether a value can be the name of an experiment. The prefix in the catalogue is made from it. */
export function isExperiment(value: unknown): value is string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return typeof value === "string" && value !== "" && !/[\u0000-\u001f\u007f]/.test(value) && !hasLoneSurrogate(value);
}

/** Returns whether a value can be the id of a writer, which is a part of keys. */
export function isWriterId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-z][0-9a-z_-]{0,63}$/.test(value);
}

/** Returns whether a value is `sha256:<64 lower-case hex digits>`. */
export function isDigest(value: unknown): value is string {
  return typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** Returns whether a value is 0, 1, 2, … */
export function isCount(value: unknown): value is number {
  return isInteger(value) && value >= 0;
}

export function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
