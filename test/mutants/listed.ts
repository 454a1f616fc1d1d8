import type { Backend, Entry } from "../../src/backend/backend.ts";
import type { Mutant } from "./mutant.ts";

export type ListOptions = Parameters<Backend["list"]>[1];

/** Returns a list that `change` makes from the correct entries. */
export function changing(
  change: (entries: Entry[], prefix: string, options: ListOptions) => Entry[],
): Mutant["damage"] {
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
