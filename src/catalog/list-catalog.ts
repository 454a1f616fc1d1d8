import type { Backend } from "../backend/backend.ts";
import { CATALOG_PREFIX, experimentPrefix, parseEntry } from "./entry.ts";
import { parseSegmentName, type SegmentName } from "./segment-name.ts";

/** What entries say of a run. */
export interface Touched {
  /** Keys of the entries that a segment with the run as it is now makes superfluous, `open` ones first. */
  readonly keys: string[];
  /** The highest of each kind; 0 for none, `-1` for no open one. */
  closed: number;
  marked: number;
  open: number;
}

/** The catalogue of an experiment, as listed. */
export interface ExperimentListing {
  readonly prefix: string;
  /** By run. */
  readonly touched: ReadonlyMap<string, Touched>;
  readonly segments: readonly SegmentName[];
}

/**
 * Lists the catalogue, of one experiment or of all. Entries sort before segments and each segment behind those it was made of: what was
 * put elsewhere while it was being listed is seen in its new place.
 */
export async function listCatalog(
  backend: Backend,
  experiment: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ExperimentListing[]> {
  const found = new Map<string, { prefix: string; touched: Map<string, Touched>; segments: SegmentName[] }>();
  const below = experiment === undefined ? CATALOG_PREFIX : experimentPrefix(experiment);
  for await (const { key, size } of backend.list(below, signal ? { signal } : {})) {
    const [, experimentSegment, room, name, ...more] = key.split("/");
    if (experimentSegment === undefined || name === undefined || more.length > 0) continue;
    const prefix = `${CATALOG_PREFIX}/${experimentSegment}`;
    let listing = found.get(prefix);
    if (listing === undefined) found.set(prefix, (listing = { prefix, touched: new Map(), segments: [] }));
    if (room === "segments") {
      const segment = parseSegmentName(key, size);
      if (segment) listing.segments.push(segment);
      continue;
    }
    const entry = room === "entries" ? parseEntry(key) : undefined;
    if (entry === undefined) continue;
    let touched = listing.touched.get(entry.runId);
    if (touched === undefined) {
      listing.touched.set(entry.runId, (touched = { keys: [], closed: 0, marked: 0, open: -1 }));
    }
    touched[entry.kind] = Math.max(touched[entry.kind], entry.number);
    touched.keys[entry.kind === "open" ? "unshift" : "push"](key);
  }
  return [...found.values()];
}
