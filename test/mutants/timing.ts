import { LedgerError } from "../../src/errors/ledger-error.ts";
import { type Mutant, mutant } from "./mutant.ts";

/** Runs `work` after `turns` more microtasks than the caller waits. */
function afterMicrotasks(turns: number, work: () => void): void {
  if (turns === 0) work();
  else queueMicrotask(() => afterMicrotasks(turns - 1, work));
}

/** Calls that resolve before their change is made, and handles that see an old state. */
export const timingMutants: readonly Mutant[] = [
  mutant("create resolves 5 ms before the write lands", (inner, { objects }) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, o);
      const bytes = objects.get(key) as Uint8Array;
      objects.delete(key);
      setTimeout(() => objects.set(key, bytes), 5);
    },
  })),
  mutant("create resolves one microtask before the write lands", (inner, { objects }) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, o);
      const bytes = objects.get(key) as Uint8Array;
      objects.delete(key);
      afterMicrotasks(2, () => objects.set(key, bytes));
    },
  })),
  mutant("create from a stream resolves one microtask before the write lands", (inner, { objects }) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, o);
      if (body instanceof Uint8Array) return;
      const bytes = objects.get(key) as Uint8Array;
      objects.delete(key);
      afterMicrotasks(2, () => objects.set(key, bytes));
    },
  })),
  mutant("remove resolves one microtask before it is done", (inner, { objects }) => ({
    remove: async (key, o) => {
      await inner.stat(key, o);
      afterMicrotasks(2, () => objects.delete(key));
    },
  })),
  mutant("append resolves one microtask before the write lands", (inner, { objects }) => ({
    append: async (key, bytes, o) => {
      const before = objects.get(key);
      await inner.append(key, bytes, o);
      const after = objects.get(key) as Uint8Array;
      if (before) objects.set(key, before);
      afterMicrotasks(2, () => objects.set(key, after));
    },
  })),
  mutant("each handle keeps its writes to itself until it is closed", (inner, { objects }) => {
    const own = new Map<string, Uint8Array>();
    return {
      create: async (key, body, o) => {
        if (own.has(key)) throw new LedgerError("EXISTS", "it exists", { key });
        await inner.create(key, body, o);
        own.set(key, objects.get(key) as Uint8Array);
        objects.delete(key);
      },
      read: async (key, o) => {
        const bytes = own.get(key);
        return bytes && o?.range === undefined ? bytes.slice() : inner.read(key, o);
      },
      close: async () => {
        for (const [key, bytes] of own) objects.set(key, bytes);
        await inner.close();
      },
    };
  }),
  mutant("each handle caches what it read", (inner) => {
    const cache = new Map<string, Uint8Array>();
    return {
      read: async (key, o) => {
        await inner.stat(key, o);
        const kept = cache.get(key);
        if (kept && o?.range === undefined) return kept.slice();
        const bytes = await inner.read(key, o);
        if (o?.range === undefined) cache.set(key, bytes.slice());
        return bytes;
      },
      remove: async (key, o) => {
        await inner.remove(key, o);
        cache.delete(key);
      },
      append: async (key, bytes, o) => {
        await inner.append(key, bytes, o);
        cache.delete(key);
      },
      move: async (from, to, o) => {
        await inner.move(from, to, o);
        cache.delete(from);
      },
    };
  }),
  mutant("each handle remembers what was missing", (inner) => {
    const absent = new Set<string>();
    return {
      stat: async (key, o) => {
        const found = absent.has(key) ? undefined : await inner.stat(key, o);
        if (found === undefined) absent.add(key);
        return found;
      },
      create: async (key, body, o) => {
        absent.delete(key);
        await inner.create(key, body, o);
        absent.delete(key);
      },
      append: async (key, bytes, o) => {
        await inner.append(key, bytes, o);
        absent.delete(key);
      },
      move: async (from, to, o) => {
        await inner.move(from, to, o);
        absent.delete(to);
      },
    };
  }),
  mutant("lost acknowledgement: create lands and rejects", (inner) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, o);
      throw new LedgerError("UNAVAILABLE", "the answer was lost", { key, transient: true });
    },
  })),
  mutant("a repeated create takes its own object for another's", (inner) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, o);
      if (body instanceof Uint8Array) await inner.create(key, body, o);
    },
  })),
  mutant("what was stored is gone once every handle is closed", (inner, store) => {
    const handles = open(store);
    handles.count++;
    return {
      close: async () => {
        await inner.close();
        if (--handles.count === 0) store.objects.clear();
      },
    };
  }),
];

const counts = new WeakMap<object, { count: number }>();

function open(store: object): { count: number } {
  const found = counts.get(store) ?? { count: 0 };
  counts.set(store, found);
  return found;
}
