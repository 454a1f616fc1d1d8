import { LedgerError } from "../../src/errors/ledger-error.ts";
import { type Mutant, later, mutant } from "./mutant.ts";

/** Defects that only a second process shows. */
export const processMutants: readonly Mutant[] = [
  mutant("what is created dies with its process", (inner, { objects, killed }) => ({
    create: async (key, body, o) => {
      await inner.create(key, body, o);
      killed?.add(() => objects.delete(key));
    },
  })),
  mutant("create is exclusive within a process only", (inner, { objects, killed }) => {
    const own = new Set<string>();
    return {
      create: async (key, body, o) => {
        if (killed === undefined) return inner.create(key, body, o);
        if (own.has(key)) throw new LedgerError("EXISTS", "this process has created it", { key });
        own.add(key);
        await later();
        objects.set(key, new Uint8Array(body as Uint8Array));
      },
    };
  }),
];
