import { isPlainObject } from "../platform/any-realm.ts";
import { setOwn } from "../bytes/dictionary.ts";
import { copyAdvice, invalidArgument, reading } from "../errors/ledger-error.ts";
import type { Dictionary } from "../journal/event.ts";
import { checkName, checkText } from "./check-text.ts";

/** Tags by their keys. Numbers and booleans become text; `undefined` is skipped. */
export interface Tags {
  readonly [key: string]: string | number | boolean | undefined;
}

/**
 * Tags of any type `T` whose members are values of tags. It admits an interface, which has no index signature and so is
 * not a {@link Tags}.
 */
export type TagsOf<T> = T extends readonly unknown[] | ((...input: never) => unknown)
  ? never
  : { readonly [Key in keyof T]: T[Key] extends string | number | boolean | undefined ? T[Key] : never };

/** Returns a checked copy of tags. Numbers and booleans become text. Throws `INVALID_ARGUMENT`. */
export function checkTags(value: unknown, field: string): Dictionary<string> {
  if (!reading(field, () => isPlainObject(value)))
    throw invalidArgument(field, "an object of strings", value, copyAdvice(value, `, as in { stage: "dev" }`));
  const tags: Dictionary<string> = {};
  for (const [key, tag] of reading(field, () => Object.entries(value as Dictionary))) {
    if (tag === undefined) continue;
    checkName(key, `${field} key`);
    const text = typeof tag === "number" || typeof tag === "boolean" ? String(tag) : tag;
    setOwn(tags, key, checkText(text, `${field}.${key}`));
  }
  return tags;
}
