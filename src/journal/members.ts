import type { Dictionary } from "./event.ts";
import { isDictionary } from "./record-checks.ts";

// The records of a run are checked by hand, so that a first search or a first `getRun` of a process need not load zod.

/** Returns whether stored data is what a member must be. */
export type Check<T> = (value: unknown) => value is T;

/** What each member of `T` must be. Other members are ignored, because a later writer may add some. */
export type Checks<T> = { readonly [Member in keyof T]-?: Check<T[Member]> };

/** Returns the members of a value that `checks` names, or `undefined` if one of them is not what it must be. */
export function pickMembers<T extends object>(value: unknown, checks: Checks<T>): T | undefined {
  if (!isDictionary(value)) return undefined;
  const picked: Dictionary = {};
  for (const member in checks) {
    const found = value[member];
    if (!checks[member](found)) return undefined;
    if (found !== undefined) picked[member] = found;
  }
  return picked as T;
}

/** Returns the name of a member that is not what it must be, or `undefined` if there is none. */
export function wrongMember<T extends object>(value: Dictionary, checks: Checks<T>): string | undefined {
  for (const member in checks) if (!checks[member](value[member])) return member;
  return undefined;
}

export const isText: Check<string> = (value) => typeof value === "string";

/** Returns whether a value is a number that JSON has: neither infinite nor NaN. */
export const isNumber: Check<number> = (value): value is number => Number.isFinite(value);

export const isTexts: Check<string[]> = (value): value is string[] => Array.isArray(value) && value.every(isText);

/** Returns a check for one of some texts or numbers. */
export function oneOf<const T extends string | number>(...values: readonly T[]): Check<T> {
  return (value): value is T => (values as readonly unknown[]).includes(value);
}

/** Returns a check that also lets a member be absent. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value): value is T | undefined => value === undefined || check(value);
}
