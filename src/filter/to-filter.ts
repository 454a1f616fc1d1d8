import { type FilterTree, copyFilter } from "./copy-filter.ts";
import type { Filter } from "./filter.ts";
import { parseFilter } from "./parse-filter.ts";

/** What a search takes: text, a tree, or what `where` builds. */
export type FilterInput = string | FilterTree;

/** The filter that was handed in, as a tree of its own. Throws as {@link parseFilter} and {@link copyFilter} do. */
export function toFilter(input: FilterInput | undefined): Filter {
  if (input === undefined) return { kind: "all" };
  return typeof input === "string" ? parseFilter(input) : copyFilter(input);
}
