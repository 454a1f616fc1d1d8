import { LedgerError } from "../../src/errors/ledger-error.ts";
import { type Mutant, mutant } from "./mutant.ts";

/** Defects of `remove`. */
export const removeMutants: readonly Mutant[] = [
  mutant("remove does nothing", (inner) => ({ remove: async (key, o) => void (await inner.stat(key, o)) })),
  mutant("removing an absent key rejects", (inner) => ({
    remove: async (key, o) => {
      if ((await inner.stat(key, o)) === undefined) throw new LedgerError("NOT_FOUND", "nothing there", { key });
      await inner.remove(key, o);
    },
  })),
  mutant("remove of a mere prefix rejects, as of a folder", (inner, { objects }) => ({
    remove: async (key, o) => {
      if ([...objects.keys()].some((one) => one.startsWith(`${key}/`)))
        throw new LedgerError("IO", "it is a folder", { key });
      await inner.remove(key, o);
    },
  })),
  mutant("remove takes the subtree", (inner, { objects }) => ({
    remove: async (key, o) => {
      await inner.remove(key, o);
      for (const one of objects.keys()) if (one.startsWith(`${key}/`)) objects.delete(one);
    },
  })),
  mutant("remove takes what begins alike", (inner, { objects }) => ({
    remove: async (key, o) => {
      await inner.remove(key, o);
      for (const one of objects.keys()) if (one.startsWith(key)) objects.delete(one);
    },
  })),
  mutant("remove below an object removes the object", (inner, { objects }) => ({
    remove: async (key, o) => {
      await inner.remove(key, o);
      objects.delete(key.slice(0, Math.max(0, key.lastIndexOf("/"))));
    },
  })),
  mutant("remove empties the object", (inner, { objects }) => ({
    remove: async (key, o) => {
      if ((await inner.stat(key, o)) !== undefined) objects.set(key, new Uint8Array(0));
    },
  })),
  mutant("a removed key cannot be created again", (inner) => {
    const gone = new Set<string>();
    return {
      remove: async (key, o) => {
        await inner.remove(key, o);
        gone.add(key);
      },
      create: async (key, body, o) => {
        if (gone.has(key)) throw new LedgerError("EXISTS", "it is marked as deleted", { key });
        await inner.create(key, body, o);
      },
    };
  }),
  mutant("a key created again has its old bytes", (inner, { objects }) => {
    const old = new Map<string, Uint8Array>();
    return {
      remove: async (key, o) => {
        const bytes = objects.get(key);
        await inner.remove(key, o);
        if (bytes) old.set(key, bytes);
      },
      create: async (key, body, o) => {
        await inner.create(key, body, o);
        const bytes = old.get(key);
        if (bytes) objects.set(key, bytes);
      },
    };
  }),
  mutant("a key is blocked by folders that are left", (inner) => {
    const folders = new Set<string>();
    return {
      create: async (key, body, o) => {
        if (folders.has(key)) throw new LedgerError("EXISTS", "a folder is in the way", { key });
        await inner.create(key, body, o);
        for (let cut = key.indexOf("/"); cut !== -1; cut = key.indexOf("/", cut + 1)) folders.add(key.slice(0, cut));
      },
    };
  }),
  mutant("a key is blocked by its parent key, removed long ago", (inner) => {
    const files = new Set<string>();
    return {
      create: async (key, body, o) => {
        for (let cut = key.indexOf("/"); cut !== -1; cut = key.indexOf("/", cut + 1)) {
          if (files.has(key.slice(0, cut))) throw new LedgerError("IO", "it is no folder", { key });
        }
        await inner.create(key, body, o);
        files.add(key);
      },
    };
  }),
];
