import { callOptions } from "../backend/call-options.ts";
import { concernsOneObject } from "../errors/ledger-error.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { CATALOG_PREFIX, COMPLETE_KEY, experimentPrefix, parseSegmentedKey } from "./catalog-entry.ts";
import type { CatalogListing } from "./list-catalog.ts";

/** What a ledger knows about its catalogue from earlier checks. */
interface Known {
  /** True if the catalogue had every run. It loses a run only if others remove objects. */
  isComplete: boolean;
  /** Prefixes of experiments that had segments. */
  readonly segmented: Set<string>;
}

/** Whether the catalogue is complete, as far as its listing and one request show. */
export interface Completeness {
  /** True if every run is in the catalogue, or was in it. */
  readonly isComplete: boolean;
  /** Prefixes of experiments that had segments and have none: others have removed them. */
  readonly emptied: readonly string[];
}

const ledgers = new WeakMap<CatalogContext["segments"], Known>();

/**
 * Checks whether the catalogue is complete, with at most one request. Needs more only if `experiment` has no segments
 * and more than 1,000 experiments have some.
 */
export async function checkCompleteness(
  context: CatalogContext,
  experiment: string | undefined,
  listed: CatalogListing,
  signal: AbortSignal | undefined,
): Promise<Completeness> {
  const known = ledgers.get(context.segments) ?? { isComplete: false, segmented: new Set() };
  ledgers.set(context.segments, known);
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

/** The beginning of both kinds of marker. No experiment begins like this, because hex digits follow a `=` there. */
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
