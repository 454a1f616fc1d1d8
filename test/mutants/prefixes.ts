import { changing } from "./listed.ts";
import { type Mutant, mutant } from "./mutant.ts";

/** Applies prefix and startAfter to all keys. */
function filtered(keep: (key: string, prefix: string, after: string | undefined) => boolean): Mutant["damage"] {
  return (inner) => ({
    async *list(prefix, o) {
      for await (const entry of inner.list("", o?.signal ? { signal: o.signal } : {})) {
        if (keep(entry.key, prefix, o?.startAfter)) yield entry;
      }
    },
  });
}

const isUnder = (key: string, prefix: string): boolean => prefix === "" || key.startsWith(`${prefix}/`);
const isAfter = (key: string, after: string | undefined): boolean => after === undefined || key > after;

/** `_` and `%` as in SQL's LIKE, upper case kept apart. */
function like(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, (found) => `\\${found}`);
  return new RegExp(`^${escaped.replaceAll("_", ".").replaceAll("%", ".*")}/`);
}

/** Lists that give `prefix` or `startAfter` another meaning. */
export const prefixMutants: readonly Mutant[] = [
  mutant(
    "prefix runs/1 takes runs/10",
    filtered((key, prefix, after) => key.startsWith(prefix) && isAfter(key, after)),
  ),
  mutant(
    "prefix finds the object of that key",
    filtered((key, prefix, after) => (isUnder(key, prefix) || key === prefix) && isAfter(key, after)),
  ),
  mutant(
    "prefix is found anywhere in the key",
    filtered((key, prefix, after) => (prefix === "" || `/${key}`.includes(`/${prefix}/`)) && isAfter(key, after)),
  ),
  mutant(
    "prefix is a pattern of LIKE",
    filtered((key, prefix, after) => (prefix === "" || like(prefix).test(key)) && isAfter(key, after)),
  ),
  mutant(
    "prefix is a regular expression",
    filtered(
      (key, prefix, after) =>
        (prefix === "" || new RegExp(`^${prefix.replaceAll("(", "\\(")}/`).test(key)) && isAfter(key, after),
    ),
  ),
  mutant(
    "lists only one level",
    changing((entries, prefix) =>
      entries.filter(({ key }) => !key.slice(prefix === "" ? 0 : prefix.length + 1).includes("/")),
    ),
  ),
  mutant("list of an absent prefix rejects", (inner, { objects }) => ({
    async *list(prefix, o) {
      if (prefix !== "" && ![...objects.keys()].some((key) => isUnder(key, prefix))) await inner.read(prefix, o);
      yield* inner.list(prefix, o);
    },
  })),
  mutant(
    "the empty prefix finds nothing",
    changing((entries, prefix) => (prefix === "" ? [] : entries)),
  ),
  mutant(
    "list gives keys below the prefix without it",
    changing((entries, prefix) =>
      entries.map((e) => ({ ...e, key: prefix === "" ? e.key : e.key.slice(prefix.length + 1) })),
    ),
  ),
  mutant(
    "startAfter is inclusive",
    filtered((key, prefix, after) => isUnder(key, prefix) && (after === undefined || key >= after)),
  ),
  mutant(
    "startAfter is ignored",
    filtered((key, prefix) => isUnder(key, prefix)),
  ),
  mutant("startAfter must exist", (inner, { objects }) => ({
    list: (prefix, o) =>
      inner.list(
        prefix,
        o?.startAfter !== undefined && !objects.has(o.startAfter) ? { ...(o.signal && { signal: o.signal }) } : o,
      ),
  })),
  mutant(
    "startAfter skips the folder of that name",
    filtered(
      (key, prefix, after) => isUnder(key, prefix) && isAfter(key, after) && !(after && key.startsWith(`${after}/`)),
    ),
  ),
  mutant(
    "startAfter counts below the prefix",
    filtered(
      (key, prefix, after) =>
        isUnder(key, prefix) && (after === undefined || key.slice(prefix === "" ? 0 : prefix.length + 1) > after),
    ),
  ),
  mutant("startAfter before the prefix finds nothing", (inner) => ({
    async *list(prefix, o) {
      if (o?.startAfter !== undefined && prefix !== "" && !o.startAfter.startsWith(prefix)) return;
      yield* inner.list(prefix, o);
    },
  })),
];
