import type { Entry } from "../../src/backend/backend.ts";
import { type Mutant, later, mutant } from "./mutant.ts";

/** Lists that lose their position, or their end. */
export const cursorMutants: readonly Mutant[] = [
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
