import type { CatalogContext } from "../catalog/catalog-context.ts";
import { SegmentCache } from "../catalog/segment-cache.ts";
import type { RunContext } from "../run/context.ts";

const catalogs = new WeakMap<RunContext, CatalogContext>();

/** The catalogue of a ledger, whose segments stay in memory as long as it does. */
export function catalogOf(context: RunContext): CatalogContext {
  let catalog = catalogs.get(context);
  if (catalog === undefined) {
    const { backend, ids, onError } = context;
    catalog = { backend, segments: new SegmentCache(backend), newId: () => ids("segment"), onError };
    catalogs.set(context, catalog);
  }
  return catalog;
}
