import { mapBounded } from "../backend/bounded.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { COMPLETE_KEY, createEmpty, enter } from "./entry.ts";
import { listCatalog } from "./list-catalog.ts";
import { isClosed } from "./read-row.ts";
import { runsByPrefix, scanRuns } from "./scan-runs.ts";
import { nextGeneration } from "./segment-name.ts";
import { storeRows } from "./store-rows.ts";

const REMOVALS_AT_ONCE = 16;

/**
 * Makes the catalogue anew from the runs alone, of all experiments or of those with some prefixes. Others may write and search meanwhile.
 * What was there is removed once the new segments are in place.
 */
export async function rebuildCatalog(
  context: CatalogContext,
  prefixes: ReadonlySet<string> | undefined,
  signal: AbortSignal | undefined,
): Promise<{ runs: number }> {
  const { backend } = context;
  const call = signal ? { signal } : {};
  // Before the runs: what is entered from now on is not removed.
  const before = new Map((await listCatalog(backend, undefined, signal)).map((listing) => [listing.prefix, listing]));
  const found = await runsByPrefix(context, prefixes, signal);
  let runs = 0;
  for (const prefix of new Set([...found.keys(), ...before.keys()])) {
    if (prefixes && !prefixes.has(prefix)) continue;
    const listing = before.get(prefix);
    const closed = new Set<string>();
    const rows = async function* (): AsyncGenerator<CatalogRow, void, undefined> {
      for await (const row of scanRuns(context, found.get(prefix) ?? [], signal)) {
        runs++;
        const { id, experiment } = row.record;
        if (!isClosed(row, listing?.touched.get(id))) {
          await enter(backend, experiment, id, "open", row.document, signal);
          continue;
        }
        closed.add(id);
        yield row;
      }
    };
    await storeRows(context, prefix, nextGeneration(listing?.segments ?? []), rows(), signal);
    if (listing === undefined) continue;
    const touched = [...listing.touched].filter(([id]) => closed.has(id));
    await mapBounded(touched, REMOVALS_AT_ONCE, signal, async ([, { keys }]) => {
      for (const key of keys) await backend.remove(key, call);
    });
    await mapBounded(listing.segments, REMOVALS_AT_ONCE, signal, ({ key }) => backend.remove(key, call));
  }
  if (prefixes === undefined) await createEmpty(backend, COMPLETE_KEY, signal);
  return { runs };
}
