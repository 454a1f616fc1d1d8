import type { Dictionary } from "../journal/event.ts";
import { toNumber } from "../journal/params.ts";

/** A value of a param. A bigint is an integer that no float64 can hold exactly; every other integer is a number. */
export type ParamValue = string | number | boolean | bigint | null;

/** The value of a path that names a list or an object. */
export const NESTED: unique symbol = Symbol("nested");

/**
 * Returns the leaves of params by their paths: `optimizer.lr`, `layers.0`. Keys may contain dots, so two leaves may
 * have one path. Then the leaf with less nesting counts, or the first of both, but any other value counts before
 * `null`. Lists and objects are {@link NESTED}, under paths that no leaf has.
 */
export function flattenParams(params: Dictionary): Map<string, ParamValue | typeof NESTED> {
  const leaves = new Map<string, ParamValue | typeof NESTED>();
  let level: (readonly [prefix: string, value: object])[] = [["", params]];
  while (level.length > 0) {
    const next: typeof level = [];
    for (const [prefix, parent] of level) {
      for (const [key, value] of Object.entries(parent) as [string, unknown][]) {
        if (value === undefined) continue;
        const path = prefix + key;
        const before = leaves.get(path) ?? null;
        if (typeof value === "object" && value !== null) {
          next.push([`${path}.`, value]);
          if (before === null) leaves.set(path, NESTED);
        } else if (before === null || (before === NESTED && value !== null))
          leaves.set(path, typeof value === "bigint" ? toNumber(value) : (value as ParamValue));
      }
    }
    level = next;
  }
  return leaves;
}
