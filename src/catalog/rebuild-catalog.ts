import { mapBounded } from "../backend/bounded.ts";
import { LedgerError } from "../backend/error.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { type CatalogRow, isOlder } from "./catalog-row.ts";
import { COMPLETE_KEY, createEmpty, enter, experimentPrefix } from "./entry.ts";
import { type ExperimentListing, listCatalog } from "./list-catalog.ts";
import { isCurrent } from "./open-experiment.ts";
import { isClosed, readRow } from "./read-row.ts";
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
    const known = await knownIn(context, listing, signal);
    const ids = new Set([...(found.get(prefix) ?? []), ...known.ids]);
    const closed = new Set<string>();
    const rows = async function* (): AsyncGenerator<CatalogRow, void, undefined> {
      for await (const scanned of scanRuns(context, [...ids], signal)) {
        const { id, experiment } = scanned.record;
        if (experimentPrefix(experiment) !== prefix) continue;
        runs++;
        const touched = listing?.touched.get(id);
        const [document, marker] = known.amends.get(id) ?? [0, 0];
        // A listing of the run was behind what the catalogue knows.
        const isBehind = isOlder(scanned, { document, marker }) || scanned.marker < (touched?.marked ?? 0);
        const row = isBehind ? await readRow(backend, id, signal) : scanned;
        if (!isClosed(row, touched)) {
          // What was entered is newer than what a listing showed, and stays.
          if (touched && (touched.closed > row.document || touched.marked > row.marker)) continue;
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

/** What the catalogue has by now, as far as it can be read: a listing of the runs may be behind. */
async function knownIn(
  { backend, segments }: CatalogContext,
  listing: ExperimentListing | undefined,
  signal: AbortSignal | undefined,
): Promise<{ ids: string[]; amends: Map<string, readonly [document: number, marker: number]> }> {
  const ids = [...(listing?.touched.keys() ?? [])];
  const amends = new Map<string, readonly [number, number]>();
  for (const name of listing?.segments ?? []) {
    try {
      const segment = await segments.open(name, signal);
      await segment.load(backend, ["run_id"], 1, signal);
      for (let row = 0; row < segment.rows; row++) ids.push(segment.idAt(row));
      for (const [id, ...own] of segment.directory.amends) if (isCurrent(amends, id, ...own)) amends.set(id, own);
    } catch (error) {
      if (!LedgerError.hasCode(error, "CORRUPT") && !LedgerError.hasCode(error, "NOT_FOUND")) throw error;
    }
  }
  return { ids, amends };
}
