import { callOptions } from "../backend/call-options.ts";
import { concernsOneObject } from "../errors/ledger-error.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { CATALOG_PREFIX, COMPLETE_KEY, experimentPrefix, parseSegmentedKey } from "./entry.ts";
import type { CatalogListing } from "./list-catalog.ts";

/** What a ledger knows of its catalogue from earlier looks. */
interface Known {
  /** It had every run: it does not lose any unless others remove objects. */
  isComplete: boolean;
  /** Prefixes of experiments that had segments. */
  readonly segmented: Set<string>;
}

/** Whether the catalogue is whole, as far as its listing and one request tell. */
export interface Wholeness {
  /** Every run is in the catalogue, or was. */
  readonly isComplete: boolean;
  /** Prefixes of experiments that had segments and have none: others have removed them. */
  readonly emptied: readonly string[];
}

const ledgers = new WeakMap<CatalogContext, Known>();

/** Looks whether the catalogue is whole, with one request at most, unless one experiment without segments is asked for and there are more than 1,000. */
export async function lookWhole(
  context: CatalogContext,
  experiment: string | undefined,
  listed: CatalogListing,
  signal: AbortSignal | undefined,
): Promise<Wholeness> {
  const known = ledgers.get(context) ?? { isComplete: false, segmented: new Set() };
  ledgers.set(context, known);
  const withSegments = new Set(
    listed.experiments.flatMap(({ prefix, segments }) => (segments.length > 0 ? prefix : [])),
  );
  const look = async (): Promise<boolean> =>
    (await context.backend.stat(COMPLETE_KEY, callOptions(signal))) !== undefined;
  let { isComplete, segmented } = listed;
  if (experiment === undefined) isComplete ||= await look();
  else {
    const prefix = experimentPrefix(experiment);
    const isNew = listed.experiments.length > 0 && !known.segmented.has(prefix);
    if (withSegments.size > 0 || (isNew && known.isComplete)) isComplete = known.isComplete || (await look());
    else {
      const markers = await listMarkers(context, prefix, signal);
      if (markers) ({ isComplete, segmented } = markers);
      else isComplete = await look();
      known.segmented.delete(prefix);
    }
  }
  known.isComplete = isComplete;
  for (const prefix of [...withSegments, ...segmented]) known.segmented.add(prefix);
  const emptied = [...segmented].filter((prefix) => !withSegments.has(prefix));
  return { isComplete, emptied };
}

/** Both kinds of marker begin like this, and no experiment does: behind `=` stand hex digits there. */
const MARKERS = `${CATALOG_PREFIX}/=comp`;

async function listMarkers(
  { backend }: CatalogContext,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<Pick<CatalogListing, "isComplete" | "segmented"> | undefined> {
  const found = { isComplete: false, segmented: new Set<string>() };
  try {
    for await (const { key } of backend.list(CATALOG_PREFIX, { ...callOptions(signal), startAfter: MARKERS })) {
      if (!key.startsWith(MARKERS)) break;
      if (key === COMPLETE_KEY) found.isComplete = true;
      if (parseSegmentedKey(key) === prefix) found.segmented.add(prefix);
    }
  } catch (error) {
    // A part of the catalogue cannot be listed.
    if (!concernsOneObject(error)) throw error;
    return undefined;
  }
  return found;
}
