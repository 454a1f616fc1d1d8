import type { Dictionary } from "../../journal/event.ts";
import { leavesOf } from "../compared-section.ts";

/** A param that is a seed of random numbers. */
export interface Seed {
  /** The path of the param: `data.seed`. */
  readonly path: string;
  /** Its value. */
  readonly value: unknown;
}

/** Names such as `seed`, `data_seed`, `shuffleSeed`, `seeds`, `random_state`. */
const SEED = /(?:^|[^A-Za-z])seeds?$|[a-z]Seeds?$|^random_?state$/i;

/** Returns the params that are seeds, by their names. */
export function seedsOf(params: Dictionary): Seed[] {
  return leavesOf(params).flatMap(([keys, value]) =>
    isSeedName(keys.at(-1)!) && isSeedValue(value) ? [{ path: keys.join("."), value }] : [],
  );
}

/** Returns whether a param of this name is a seed. */
export function isSeedName(name: string): boolean {
  return name.length <= 100 && SEED.test(name);
}

function isSeedValue(value: unknown): boolean {
  return ["number", "bigint", "string"].includes(typeof value) || (Array.isArray(value) && value.every(isSeedValue));
}
