import { ownValue, setOwn } from "../bytes/dictionary.ts";
import type { Dictionary } from "./event.ts";

/** Returns whether a value is a nested dictionary of params. Arrays and scalars are leaves. */
export function isNested(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Applies `changes` to `params`: merges nested dictionaries, and replaces everything else. */
export function mergeParams(params: Dictionary, changes: Dictionary): void {
  for (const key of Object.keys(changes)) {
    const value = changes[key];
    const before = ownValue(params, key);
    if (isNested(value) && isNested(before)) mergeParams(before, value);
    else setOwn(params, key, isNested(value) ? copyNested(value) : value);
  }
}

function copyNested(source: Dictionary): Dictionary {
  const copy: Dictionary = {};
  mergeParams(copy, source);
  return copy;
}

/** Returns the path of the first param that `changes` would give another value, or `undefined` if there is none. */
export function findConflict(params: Dictionary, changes: Dictionary, path = ""): string | undefined {
  for (const key of Object.keys(changes)) {
    if (!Object.hasOwn(params, key)) continue;
    const here = path === "" ? key : `${path}.${key}`;
    const value = changes[key];
    const before = ownValue(params, key);
    if (isNested(value) && isNested(before)) {
      const deeper = findConflict(before, value, here);
      if (deeper !== undefined) return deeper;
    } else if (!sameValue(before, value)) return here;
  }
  return undefined;
}

function sameValue(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  if (isNested(a) && isNested(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
    );
  }
  return Object.is(a, b) || isSameNumber(a, b);
}

/** Returns whether two values are the same number, such as 5 and 5n, or 0 and -0. */
function isSameNumber(a: unknown, b: unknown): boolean {
  const [x, y] = [a, b].map((value) => (typeof value === "bigint" ? toNumber(value) : value));
  return (typeof x === "number" || typeof x === "bigint") && x === y;
}

/** Returns the number that equals an integer, or the integer itself if no float64 holds it. */
export function toNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isFinite(number) && BigInt(number) === value ? number : value;
}
