import type { Backend, Entry } from "../../src/backend/backend.ts";
import { type ListOptions, changing } from "./listed.ts";
import { type Mutant, mutant } from "./mutant.ts";

/** Lists in pages of 1000. `next` makes the start of each page from the previous one. */
async function* paged(
  inner: Backend,
  prefix: string,
  options: ListOptions,
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

/** Lists in a wrong order, or with too few or too many entries. */
export const listMutants: readonly Mutant[] = [
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
  mutant("list ends after pageSize entries", (inner) => ({
    async *list(prefix, o) {
      let left = o?.pageSize ?? Infinity;
      for await (const entry of inner.list(prefix, o)) if (left-- > 0) yield entry;
    },
  })),
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
  mutant(
    "list gives no sizes",
    changing((entries) => entries.map(({ key }) => ({ key, size: 0 }))),
  ),
];
