import { LedgerError } from "../../src/errors/ledger-error.ts";
import { type Mutant, later, mutant } from "./mutant.ts";
import { joined } from "./reference.ts";

/** Defects of `append`. */
export const appendMutants: readonly Mutant[] = [
  mutant("append overwrites", (inner, { objects }) => ({
    append: async (key, bytes, o) => {
      await inner.stat(key, o);
      objects.set(key, bytes.slice());
    },
  })),
  mutant("append writes to the beginning", (inner, { objects }) => ({
    append: async (key, bytes, o) => {
      await inner.stat(key, o);
      objects.set(key, joined(bytes, objects.get(key) ?? new Uint8Array(0)));
    },
  })),
  mutant("append to a missing key rejects", (inner) => ({
    append: async (key, bytes, o) => {
      await inner.read(key, o);
      await inner.append(key, bytes, o);
    },
  })),
  mutant("append of no bytes creates nothing", (inner) => ({
    append: async (key, bytes, o) => {
      if (bytes.length > 0) await inner.append(key, bytes, o);
      else await inner.stat(key, o);
    },
  })),
  mutant("append refuses what create made", (inner) => {
    const made = new Set<string>();
    return {
      create: async (key, body, o) => {
        await inner.create(key, body, o);
        made.add(key);
      },
      append: async (key, bytes, o) => {
        if (made.has(key)) throw new LedgerError("EXISTS", "it is complete", { key });
        await inner.append(key, bytes, o);
      },
    };
  }),
  mutant("create replaces what was appended", (inner, { objects }) => {
    const appended = new Set<string>();
    return {
      append: async (key, bytes, o) => {
        await inner.append(key, bytes, o);
        appended.add(key);
      },
      create: async (key, body, o) => {
        if (appended.has(key)) objects.delete(key);
        await inner.create(key, body, o);
      },
    };
  }),
  mutant("appends at once lose each other's bytes", (inner, { objects }) => ({
    append: async (key, bytes, o) => {
      const before = objects.get(key) ?? new Uint8Array(0);
      await inner.stat(key, o);
      objects.set(key, joined(before, bytes));
    },
  })),
  mutant("appends at once come in another order", (inner) => ({
    append: async (key, bytes, o) => {
      if (bytes.length % 2 === 0) await later();
      await inner.append(key, bytes, o);
    },
  })),
  mutant("append remembers where the end was", (inner, { objects }) => {
    const ends = new Map<string, number>();
    return {
      append: async (key, bytes, o) => {
        await inner.stat(key, o);
        const now = objects.get(key) ?? new Uint8Array(0);
        const kept = now.slice(0, ends.get(key) ?? now.length);
        objects.set(key, joined(kept, bytes));
        ends.set(key, kept.length + bytes.length);
      },
    };
  }),
  mutant("append goes on writing to a file that was removed", (inner, store) => {
    const open = new Map<string, { bytes: Uint8Array }>();
    return {
      append: async (key, bytes, o) => {
        await inner.append(key, bytes, o);
        const now = store.objects.get(key) as Uint8Array;
        const file = open.get(key);
        if (file !== undefined && file.bytes.length > now.length - bytes.length) store.objects.delete(key);
        open.set(key, { bytes: now });
      },
    };
  }),
  mutant("append keeps the caller's buffer", (inner, { objects }) => ({
    append: async (key, bytes, o) => {
      const known = objects.has(key);
      await inner.append(key, bytes, o);
      if (!known) objects.set(key, bytes);
    },
  })),
  mutant("append changes bytes that were read", (inner, { objects }) => {
    const read = new Map<string, Uint8Array>();
    return {
      read: async (key, o) => {
        const bytes = await inner.read(key, o);
        read.set(key, bytes);
        return bytes;
      },
      append: async (key, bytes, o) => {
        await inner.append(key, bytes, o);
        read.get(key)?.set((objects.get(key) as Uint8Array).slice(-2));
      },
    };
  }),
  mutant("append does not look at the expected size", (inner) => ({
    append: (key, bytes, o) => inner.append(key, bytes, { ...o, at: undefined }),
  })),
  mutant("append refuses only where the object is too short", (inner, { objects }) => ({
    append: (key, bytes, o) => {
      const size = objects.get(key)?.length ?? 0;
      return inner.append(key, bytes, { ...o, at: o?.at !== undefined && o.at < size ? undefined : o?.at });
    },
  })),
  mutant("append refuses only where the object is too long", (inner, { objects }) => ({
    append: (key, bytes, o) => {
      const size = objects.get(key)?.length ?? 0;
      return inner.append(key, bytes, { ...o, at: o?.at !== undefined && o.at > size ? undefined : o?.at });
    },
  })),
  mutant("append makes an object again that is gone", (inner, { objects }) => ({
    append: (key, bytes, o) => inner.append(key, bytes, { ...o, at: objects.has(key) ? o?.at : undefined }),
  })),
  mutant("append takes an expected size of 0 for any size", (inner) => ({
    append: (key, bytes, o) => inner.append(key, bytes, { ...o, at: o?.at === 0 ? undefined : o?.at }),
  })),
  mutant("append adds the bytes, then says that the size was another", (inner) => ({
    append: async (key, bytes, o) => {
      try {
        await inner.append(key, bytes, o);
      } catch (error) {
        if (LedgerError.hasCode(error, "CONFLICT")) await inner.append(key, bytes);
        throw error;
      }
    },
  })),
  mutant("append by size remembers the size of its own", (inner) => {
    const sizes = new Map<string, number>();
    return {
      append: async (key, bytes, o) => {
        const at = o?.at !== undefined && sizes.get(key) === o.at ? undefined : o?.at;
        await inner.append(key, bytes, { ...o, at });
        sizes.set(key, (sizes.get(key) ?? 0) + bytes.length);
      },
    };
  }),
  mutant("append fails with IO where the size is another", (inner) => ({
    append: (key, bytes, o) =>
      inner.append(key, bytes, o).catch((error: unknown) => {
        throw LedgerError.hasCode(error, "CONFLICT") ? new LedgerError("IO", "it changed", { key }) : error;
      }),
  })),
  mutant("append by size creates nothing", (inner) => ({
    append: async (key, bytes, o) => {
      if (o?.at === 0) await inner.read(key, o);
      await inner.append(key, bytes, o);
    },
  })),
  mutant("append is cut at 1 MiB", (inner) => ({
    append: (key, bytes, o) => inner.append(key, bytes.subarray(0, 1024 * 1024), o),
  })),
  mutant("list shows the size before the append", (inner, { objects }) => {
    const sizes = new Map<string, number>();
    return {
      append: async (key, bytes, o) => {
        sizes.set(key, sizes.get(key) ?? objects.get(key)?.length ?? bytes.length);
        await inner.append(key, bytes, o);
      },
      async *list(prefix, o) {
        for await (const { key, size } of inner.list(prefix, o)) yield { key, size: sizes.get(key) ?? size };
      },
    };
  }),
];
