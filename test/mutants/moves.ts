import { LedgerError } from "../../src/errors/ledger-error.ts";
import { type Mutant, later, mutant } from "./mutant.ts";

/** Defects of `move`. */
export const moveMutants: readonly Mutant[] = [
  mutant("move overwrites", (inner) => ({
    move: async (from, to, o) => {
      if ((await inner.stat(from, o)) !== undefined && from !== to) await inner.remove(to, o);
      await inner.move(from, to, o);
    },
  })),
  mutant("move leaves the old key", (inner, { objects }) => ({
    move: async (from, to, o) => {
      const bytes = objects.get(from);
      await inner.move(from, to, o);
      if (bytes) objects.set(from, bytes);
    },
  })),
  mutant("move of what is not there resolves", (inner) => ({
    move: async (from, to, o) => {
      if ((await inner.stat(from, o)) !== undefined) await inner.move(from, to, o);
    },
  })),
  mutant("a refused move removes the object", (inner) => ({
    move: (from, to, o) =>
      inner.move(from, to, o).catch(async (error: unknown) => {
        if (LedgerError.hasCode(error, "EXISTS")) await inner.remove(from);
        throw error;
      }),
  })),
  mutant("move of a mere prefix moves the folder", (inner, { objects }) => ({
    move: async (from, to, o) => {
      const under = [...objects.keys()].filter((key) => key.startsWith(`${from}/`));
      if (under.length === 0) return inner.move(from, to, o);
      for (const key of under) await inner.move(key, to + key.slice(from.length), o);
    },
  })),
  mutant("moves to one key at once: check, then rename", (inner, { objects }) => ({
    move: async (from, to, o) => {
      await inner.stat(from, o);
      if (objects.has(to) || !objects.has(from)) return inner.move(from, to, o);
      await later();
      objects.set(to, objects.get(from) as Uint8Array);
      objects.delete(from);
    },
  })),
  mutant("a move aborted while it runs loses the object", (inner, { objects }) => ({
    move: async (from, to, o) => {
      await inner.move(from, to, o);
      if (o?.signal === undefined) return;
      await later();
      if (!o.signal.aborted) return;
      objects.delete(to);
      throw o.signal.reason;
    },
  })),
  mutant("a move aborted while it runs leaves both keys", (inner, { objects }) => ({
    move: async (from, to, o) => {
      const bytes = objects.get(from);
      await inner.move(from, to, o);
      if (o?.signal === undefined || bytes === undefined) return;
      await later();
      if (!o.signal.aborted) return;
      objects.set(from, bytes);
      throw o.signal.reason;
    },
  })),
  mutant("a moved key is taken for ever", (inner) => {
    const moved = new Set<string>();
    return {
      move: async (from, to, o) => {
        await inner.move(from, to, o);
        moved.add(from);
      },
      create: async (key, body, o) => {
        if (moved.has(key)) throw new LedgerError("EXISTS", "it was there once", { key });
        await inner.create(key, body, o);
      },
    };
  }),
];
