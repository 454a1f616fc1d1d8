import { mapBounded } from "../platform/bounded.ts";
import { concernsOneObject } from "../errors/ledger-error.ts";
import { wasPurged } from "../journal/purged.ts";
import { UnreadableRuns } from "../journal/unreadable-runs.ts";
import { type CatalogContext, catalogOf } from "./catalog-context.ts";
import { type CatalogRow, isCurrent, isOlder } from "./catalog-row.ts";
import { COMPLETE_KEY, createEmpty, entryKey, entryKeyBelow, experimentPrefix, segmentedKey } from "./catalog-entry.ts";
import { type ExperimentListing, listCatalog } from "./list-catalog.ts";
import { isClosed, readRow } from "./read-run-row.ts";
import { findRuns, scanRuns } from "./scan-runs.ts";
import { type KnownSegment, lineageOf, NO_LINEAGE } from "./segment-lineage.ts";
import { nextGeneration } from "./segment-name.ts";
import { storeRows } from "./segment-write.ts";

const REMOVALS_AT_ONCE = 16;

// For `Ledger.rebuildCatalog`, which loads nothing else of the catalogue.
export { catalogOf };

/**
 * Rebuilds the catalogue from the runs, for all experiments or for those with some prefixes. Others may write and
 * search meanwhile. Removes the old objects after it has stored the new segments. Runs that cannot be read keep an
 * entry, so that searches try them again; `onError` is called for each.
 */
export async function rebuildCatalog(
  context: CatalogContext,
  prefixes: ReadonlySet<string> | undefined,
  signal: AbortSignal | undefined,
): Promise<{ runs: number }> {
  const { backend } = context;
  const call = signal ? { signal } : {};
  const durable = { ...call, durable: true };
  // Listed before the runs, so that entries that others create from now on are not removed.
  const unlisted = new Set<string>();
  const leaveOut = (prefix: string): void => void unlisted.add(prefix);
  const { experiments: listings, segmented, joint } = await listCatalog(backend, undefined, leaveOut, signal);
  const before = new Map(listings.map((listing) => [listing.prefix, listing]));
  const unreadable = new UnreadableRuns();
  const { byPrefix: found, unplaced } = await findRuns(backend, prefixes, unreadable, signal);
  const entered = new Set<string>();
  let runs = 0;
  for (const prefix of new Set([...found.keys(), ...before.keys(), ...segmented])) {
    if ((prefixes && !prefixes.has(prefix)) || unlisted.has(prefix)) continue;
    const listing = before.get(prefix);
    const known = await knownIn(context, listing, signal);
    const ids = new Set([...(found.get(prefix) ?? []), ...known.ids]);
    const closed = new Set<string>();
    const read = new Set<string>();
    const rows = async function* (): AsyncGenerator<CatalogRow, void, undefined> {
      for await (const batch of scanRuns(backend, [...ids], unreadable, signal)) {
        for (const scanned of batch) {
          const { id, experiment } = scanned.record;
          read.add(id);
          if (experimentPrefix(experiment) !== prefix) continue;
          runs++;
          const entries = listing?.entries.get(id);
          const [document, marker] = known.amends.get(id) ?? [0, 0];
          // True if the listing of the run was staler than the catalogue.
          const isBehind = isOlder(scanned, { document, marker }) || scanned.marker < (entries?.marked ?? 0);
          const row = isBehind ? await unreadable.unless(id, () => readRow(backend, id, signal)) : scanned;
          if (row === undefined) continue;
          if (!isClosed(row, entries)) {
            // The entries are newer than the listing of the run, so they stay.
            if (entries && (entries.closed > row.document || entries.marked > row.marker)) continue;
            await createEmpty(backend, entryKey(experiment, id, "open", row.document), durable);
            continue;
          }
          closed.add(id);
          yield row;
        }
      }
    };
    const generation = nextGeneration(listing?.segments ?? []);
    const lineage = lineageOf(generation, known.segments, known.segments);
    const stored = await storeRows(context, prefix, generation, rows(), signal, lineage);
    // Before the segments are removed, because no search may find this object without a segment.
    if (stored.length === 0) await backend.remove(segmentedKey(prefix), call);
    else await createEmpty(backend, segmentedKey(prefix), durable);
    for (const id of ids) {
      if (!unreadable.has(id)) continue;
      entered.add(id);
      if (!listing?.entries.has(id)) await createEmpty(backend, entryKeyBelow(prefix, id, "open", 0), durable);
    }
    if (listing === undefined) continue;
    const entries = [...listing.entries].filter(([id]) => closed.has(id) || !(read.has(id) || unreadable.has(id)));
    await mapBounded(entries, REMOVALS_AT_ONCE, signal, async ([id, { keys }], stop) => {
      // A run that does not exist is about to begin, unless it was purged.
      if (!closed.has(id) && !(await wasPurged(backend, id, { signal: stop }))) return;
      for (const key of keys) await backend.remove(key, { signal: stop });
    });
    await mapBounded(listing.segments, REMOVALS_AT_ONCE, signal, ({ key }, stop) =>
      backend.remove(key, { signal: stop }),
    );
  }
  if (prefixes === undefined) await mapBounded(joint, REMOVALS_AT_ONCE, signal, ({ key }) => backend.remove(key, call));
  for (const { error } of unreadable.list()) context.onError(error);
  if (prefixes === undefined && unplaced.every((id) => entered.has(id)))
    await createEmpty(backend, COMPLETE_KEY, durable);
  return { runs };
}

/** Returns what the present catalogue has, as far as it can be read, because a listing of the runs may be stale. */
async function knownIn(
  { backend, segments: cache }: CatalogContext,
  listing: ExperimentListing | undefined,
  signal: AbortSignal | undefined,
): Promise<{
  ids: string[];
  amends: Map<string, readonly [document: number, marker: number]>;
  segments: readonly KnownSegment[];
}> {
  const ids = [...(listing?.entries.keys() ?? [])];
  const amends = new Map<string, readonly [number, number]>();
  const opened: KnownSegment[] = [];
  for (const name of listing?.segments ?? []) {
    try {
      const segment = await cache.open(name, signal);
      opened.push(segment);
      await segment.load(backend, ["run_id"], 1, signal);
      for (let row = 0; row < segment.rows; row++) ids.push(segment.idAt(row));
      for (const [id, ...own] of segment.directory.amends) if (isCurrent(amends, id, ...own)) amends.set(id, own);
    } catch (error) {
      if (!concernsOneObject(error)) throw error;
      opened.push({ name, directory: NO_LINEAGE });
    }
  }
  return { ids, amends, segments: opened };
}
