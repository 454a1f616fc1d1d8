import type { Backend, Entry } from "../../src/backend/backend.ts";
import { type Mutant, later, mutant } from "./mutant.ts";

type List = Backend["list"];
type Options = Parameters<List>[1];

/** A list that is what `change` makes of the sound entries. */
function changing(change: (entries: Entry[], prefix: string, options: Options) => Entry[]): Mutant["damage"] {
  return (inner) => ({
    async *list(prefix, options) {
      const entries: Entry[] = [];
      for await (const entry of inner.list(prefix, options)) entries.push(entry);
      for (const entry of change(entries, prefix, options)) {
        options?.signal?.throwIfAborted();
        yield entry;
      }
    },
  });
}

/** Pages of 1000, each asked for with what `next` makes of the page before. */
async function* paged(
  inner: Backend,
  prefix: string,
  options: Options,
  next: (page: Entry[]) => string | undefined,
): AsyncGenerator<Entry> {
  let startAfter = options?.startAfter;
  for (;;) {
    const page: Entry[] = [];
    for await (const entry of inner.list(prefix, { ...options, ...(startAfter !== undefined && { startAfter }) })) {
      page.push(entry);
      if (page.length === 1000) break;
    }
    yield* page;
    if (page.length < 1000) return;
    startAfter = next(page);
    if (startAfter === undefined) return;
  }
}

/** Prefix and startAfter applied to everything there is. */
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

/** Defects of `list`. */
export const listMutants: readonly Mutant[] = [
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
  mutant("list is in the order of creation", (inner, { objects }) => ({
    async *list(prefix, o) {
      const sizes = new Map<string, number>();
      for await (const { key, size } of inner.list(prefix, o)) sizes.set(key, size);
      for (const key of objects.keys()) if (sizes.has(key)) yield { key, size: sizes.get(key) as number };
    },
  })),
  mutant(
    "list is in the order of the locale",
    changing((entries) => entries.toSorted((a, b) => a.key.localeCompare(b.key, "en"))),
  ),
  mutant(
    "list ignores case in its order",
    changing((entries) => entries.toSorted((a, b) => (a.key.toLowerCase() < b.key.toLowerCase() ? -1 : 1))),
  ),
  mutant(
    "list is in the order of a walk through folders",
    changing((entries) =>
      entries.toSorted((a, b) => (a.key.replaceAll("/", "\0") < b.key.replaceAll("/", "\0") ? -1 : 1)),
    ),
  ),
  mutant(
    "list has numbers in their order",
    changing((entries) => entries.toSorted((a, b) => a.key.localeCompare(b.key, "en", { numeric: true }))),
  ),
  mutant(
    "list is in the order of UTF-8 bytes",
    changing((entries) => entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))),
  ),
  mutant(
    "list runs backwards",
    changing((entries) => entries.toReversed()),
  ),
  mutant(
    "list loses its last key",
    changing((entries) => entries.slice(0, -1)),
  ),
  mutant(
    "list loses its first key",
    changing((entries) => entries.slice(1)),
  ),
  mutant(
    "list stops at 1000",
    changing((entries) => entries.slice(0, 1000)),
  ),
  mutant(
    "list stops at 2000",
    changing((entries) => entries.slice(0, 2000)),
  ),
  mutant("list repeats a key at a page edge", (inner) => ({
    list: (prefix, o) => paged(inner, prefix, o, (page) => page.at(-2)?.key),
  })),
  mutant("list skips a key at a page edge", (inner) => ({
    list: (prefix, o) => paged(inner, prefix, o, (page) => `${page.at(-1)?.key}\uffff`.replace(/\d\uffff$/, "9")),
  })),
  mutant("list counts positions from page to page", (inner) => ({
    async *list(prefix, o) {
      for (let from = 0; ; from += 1000) {
        const page: Entry[] = [];
        for await (const entry of inner.list(prefix, o)) page.push(entry);
        yield* page.slice(from, from + 1000);
        if (page.length < from + 1000) return;
      }
    },
  })),
  mutant("a full page at the end rejects", (inner) => ({
    async *list(prefix, o) {
      let count = 0;
      for await (const entry of inner.list(prefix, o)) {
        count++;
        yield entry;
      }
      if (count > 0 && count % 1000 === 0) throw new TypeError("no continuation token");
    },
  })),
  mutant(
    "list shows temporary files",
    changing((entries, prefix) =>
      prefix === "" && entries.length > 0 ? [{ key: ".tmp-1", size: 0 }, ...entries] : entries,
    ),
  ),
  mutant(
    "list shows folders",
    changing((entries) =>
      entries.flatMap((e) =>
        e.key.includes("/") ? [{ key: e.key.slice(0, e.key.lastIndexOf("/")), size: 0 }, e] : [e],
      ),
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
    "list gives no sizes",
    changing((entries) => entries.map(({ key }) => ({ key, size: 0 }))),
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
  mutant("list shows only what was there when the handle was opened or wrote", (inner, { objects }) => {
    const known = new Set(objects.keys());
    return {
      create: async (key, body, o) => {
        await inner.create(key, body, o);
        known.add(key);
      },
      async *list(prefix, o) {
        for await (const entry of inner.list(prefix, o)) if (known.has(entry.key)) yield entry;
      },
    };
  }),
  mutant("a list that was left early keeps its cursor, of which there are 32", (inner, store) => {
    const cursors = openCursors(store);
    return {
      async *list(prefix, o) {
        if (cursors.open >= 32) throw new Error("too many cursors");
        cursors.open++;
        for await (const entry of inner.list(prefix, o)) yield entry;
        cursors.open--;
      },
    };
  }),
  mutant("close waits for every list to end", (inner) => {
    let open = 0;
    return {
      async *list(prefix, o) {
        open++;
        yield* inner.list(prefix, o);
        open--;
      },
      close: async () => {
        for (let waited = 0; open > 0; waited++) {
          if (waited > 3) throw new Error("lists are open still");
          await later();
        }
        await inner.close();
      },
    };
  }),
  mutant("lists at once share their place", (inner) => {
    let last: string | undefined;
    return {
      async *list(prefix, o) {
        last = o?.startAfter;
        for (;;) {
          let found: Entry | undefined;
          for await (const entry of inner.list(prefix, { ...o, ...(last !== undefined && { startAfter: last }) })) {
            found = entry;
            break;
          }
          if (found === undefined) return;
          last = found.key;
          yield found;
        }
      },
    };
  }),
];

const counters = new WeakMap<object, { open: number }>();

function openCursors(store: object): { open: number } {
  const found = counters.get(store) ?? { open: 0 };
  counters.set(store, found);
  return found;
}
