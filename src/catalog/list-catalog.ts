import type { Backend, Entry } from "../backend/backend.ts";
import { type LedgerError, concernsOneObject } from "../errors/ledger-error.ts";
import { listGroups } from "../backend/list-groups.ts";
import { CATALOG_PREFIX, COMPLETE_KEY, experimentPrefix, parseEntry, parseSegmentedKey } from "./catalog-entry.ts";
import { JOINT_PREFIX, parseSegmentName, type SegmentName } from "./segment-name.ts";

/** The entries of a run. */
export interface RunEntries {
  /** The keys of the entries, `open` ones first. A segment with the present state of the run replaces them. */
  readonly keys: string[];
  /** The highest number of each kind. Without such an entry it is 0, and -1 for `open`. */
  closed: number;
  marked: number;
  open: number;
}

/** The catalogue of an experiment, as listed. */
export interface ExperimentListing {
  readonly prefix: string;
  /** The entries by the ids of the runs. */
  readonly entries: ReadonlyMap<string, RunEntries>;
  readonly segments: readonly SegmentName[];
}

/** The catalogue, as listed. */
export interface CatalogListing {
  readonly experiments: readonly ExperimentListing[];
  /** Segments that repeat segments of many experiments. None if only one experiment was listed. */
  readonly joint: readonly SegmentName[];
  /** Prefixes of experiments that have segments. Empty if only one experiment was listed. */
  readonly segmented: ReadonlySet<string>;
  /** True if the listing had the object that says that every run is in the catalogue. */
  readonly isComplete: boolean;
}

/**
 * Lists the catalogue of one experiment, or of all. Entries sort before segments, and each segment sorts after those
 * from which it was made. So a run that moves to another object during the listing is seen in its new place. Leaves out
 * experiments that the backend cannot list, and calls `onUnlisted` with the prefix of each.
 */
export async function listCatalog(
  backend: Backend,
  experiment: string | undefined,
  onUnlisted: (prefix: string, error: LedgerError) => void,
  signal: AbortSignal | undefined,
): Promise<CatalogListing> {
  const found = new Map<string, { prefix: string; entries: Map<string, RunEntries>; segments: SegmentName[] }>();
  const below = experiment === undefined ? CATALOG_PREFIX : experimentPrefix(experiment);
  const left = new Set<string>();
  const segmented = new Set<string>();
  const joint: SegmentName[] = [];
  let isComplete = false;
  const leaveOut = (prefix: string, error: LedgerError): void => {
    left.add(prefix);
    onUnlisted(prefix, error);
  };
  for await (const { key, size } of listBelow(backend, below, leaveOut, signal)) {
    isComplete ||= key === COMPLETE_KEY;
    const ofSegments = parseSegmentedKey(key);
    if (ofSegments !== undefined) segmented.add(ofSegments);
    if (key.startsWith(`${JOINT_PREFIX}/`)) {
      const segment = parseSegmentName(key, size);
      if (segment) joint.push(segment);
      continue;
    }
    const [, experimentSegment, folder, name, ...more] = key.split("/");
    if (experimentSegment === undefined || name === undefined || more.length > 0) continue;
    const prefix = `${CATALOG_PREFIX}/${experimentSegment}`;
    let listing = found.get(prefix);
    if (listing === undefined) found.set(prefix, (listing = { prefix, entries: new Map(), segments: [] }));
    if (folder === "segments") {
      const segment = parseSegmentName(key, size);
      if (segment) listing.segments.push(segment);
      continue;
    }
    const entry = folder === "entries" ? parseEntry(key) : undefined;
    if (entry === undefined) continue;
    let entries = listing.entries.get(entry.runId);
    if (entries === undefined) {
      listing.entries.set(entry.runId, (entries = { keys: [], closed: 0, marked: 0, open: -1 }));
    }
    entries[entry.kind] = Math.max(entries[entry.kind], entry.number);
    entries.keys[entry.kind === "open" ? "unshift" : "push"](key);
  }
  const experiments = [...found.values()].filter(({ prefix }) => !left.has(prefix));
  for (const prefix of left) segmented.delete(prefix);
  return { experiments, joint, segmented, isComplete };
}

async function* listBelow(
  backend: Backend,
  below: string,
  leaveOut: (prefix: string, error: LedgerError) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<Entry, void, undefined> {
  const call = signal ? { signal } : {};
  if (below === CATALOG_PREFIX) {
    yield* listGroups(backend, below, (group, error) => leaveOut(`${CATALOG_PREFIX}/${group}`, error), call);
    return;
  }
  try {
    yield* backend.list(below, call);
  } catch (error) {
    if (!concernsOneObject(error)) throw error;
    leaveOut(below, error);
  }
}
