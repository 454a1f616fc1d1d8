import { rebuildCatalog as rebuild } from "../catalog/rebuild-catalog.ts";
import type { RunContext } from "../run/context.ts";
import { catalogOf } from "./catalog-of.ts";

/** Makes the catalogue anew from the runs. Returns how many there are. */
export async function rebuildCatalog(context: RunContext, signal?: AbortSignal): Promise<{ runs: number }> {
  return await rebuild(catalogOf(context), undefined, signal);
}
