import type { Backend, CallOptions, Entry } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { isRecordsName, type MetricsEntry, parseMetricsName, type StoredObject } from "./compacted.ts";
import { type FenceClaim, parseFenceClaimKey, parseFencedEndKey, parseFenceKey } from "./fence.ts";
import { isKept } from "./inventory.ts";
import { type MediaPackEntry, toMediaPackEntry } from "./media-pack.ts";
import { parseLifecycleKey } from "./lifecycle.ts";
import { groupSegments, type SegmentEntry } from "./segment.ts";
import { purgedKey, runPurged } from "./purged.ts";
import { runCreatedKey, runPrefix } from "./run-created.ts";
import { parseRunDocumentKey } from "./run-document.ts";
import { sealingKey } from "./sealing.ts";

/** The listed objects of a run. */
export interface RunListing {
  /** Whether the run was purged. Then nothing else that is listed counts. */
  readonly purged: boolean;
  /** Whether the beginning of the run exists. */
  readonly created: boolean;
  /** The segments of journals by writer. */
  readonly writers: ReadonlyMap<string, readonly SegmentEntry[]>;
  /** Segments whose records segments of `writers` hold, too. */
  readonly repeated: readonly SegmentEntry[];
  /** The number of the newest run document, 0 if there is none. */
  readonly newestDocument: number;
  /** The numbers of all run documents. */
  readonly documents: readonly number[];
  /** How many times the run was claimed with `mode: "exclusive"`. */
  readonly fences: number;
  /** The claims of sessions for a fence. */
  readonly claims: readonly FenceClaim[];
  /** By writer that is shut out: the record number at which its journal ends. */
  readonly ends: ReadonlyMap<string, number>;
  /** The number of the newest marker that says whether the run is deleted, 0 if there is none. */
  readonly lifecycle: number;
  /** Files of compacted points, also of incomplete attempts. Only a run document says which files count. */
  readonly metrics: readonly MetricsEntry[];
  /** Names of objects with events, rich values or summaries, also of incomplete attempts. */
  readonly records: readonly string[];
  /** Packs with small contents of rich values. */
  readonly media: readonly MediaPackEntry[];
  /** Whether the run is, or will be, sealed. Then no session may begin. */
  readonly isSealing: boolean;
  /** The beginning, the documents, the fences and what says that the run is sealed. Writers remove only old documents. */
  readonly kept: readonly StoredObject[];
}

const probing = /* @__PURE__ */ onDemand(() => import("./probe-run.ts"));

/**
 * Lists a run. Throws `RUN_NOT_FOUND` for a run that was purged, even if the purge did not come to its end. If the backend cannot list, it probes the objects of a closed run instead; see
 * `probeRun`.
 */
export async function listRun(backend: Backend, runId: string, options?: CallOptions): Promise<RunListing> {
  const entries: Entry[] = [];
  try {
    for await (const entry of backend.list(runPrefix(runId), options)) entries.push(entry);
  } catch (error) {
    if (!LedgerError.hasCode(error, "UNSUPPORTED")) throw error;
    const { probeRun } = await probing();
    return toRunListing(await probeRun(backend, runId, options), runId);
  }
  const listing = toRunListing(entries, runId);
  if (listing.purged) throw runPurged(runId);
  return listing;
}

export function toRunListing(listed: readonly Entry[], runId: string): RunListing {
  const mark = purgedKey(runId);
  const purged = listed.some(({ key }) => key === mark);
  const entries = purged ? [] : listed;
  const numbers = entries.flatMap(({ key }) => parseRunDocumentKey(key) ?? []);
  // Not `Math.max(...)`, because a run may have more objects than a call takes arguments.
  const highest = (parse: (key: string) => number | undefined): number =>
    entries.reduce((most, { key }) => Math.max(most, parse(key) ?? 0), 0);
  const below = `${runPrefix(runId)}/`;
  const ends = fencedEnds(entries);
  const began = runCreatedKey(runId);
  const sealing = sealingKey(runId);
  return {
    purged,
    created: entries.some(({ key }) => key === began),
    ...groupSegments(entries, ends),
    newestDocument: highest(parseRunDocumentKey),
    documents: numbers,
    fences: highest(parseFenceKey),
    claims: entries.flatMap(({ key }) => parseFenceClaimKey(key) ?? []),
    ends,
    lifecycle: highest(parseLifecycleKey),
    isSealing: entries.some(({ key }) => key === sealing),
    metrics: entries.flatMap(({ key, size }) => parseMetricsName(key.slice(below.length), size) ?? []),
    records: entries.map(({ key }) => key.slice(below.length)).filter(isRecordsName),
    media: entries.flatMap(({ key, size }) => toMediaPackEntry(key.slice(below.length), size) ?? []),
    kept: entries.flatMap(({ key, size }) => {
      const name = key.slice(below.length);
      return isKept(name) ? [{ name, size }] : [];
    }),
  };
}

/** Returns the ends of writers that are shut out. Each recorded end is a bound, so the lowest one counts. */
function fencedEnds(entries: readonly Entry[]): Map<string, number> {
  const ends = new Map<string, number>();
  for (const { key } of entries) {
    const end = parseFencedEndKey(key);
    if (end === undefined) continue;
    ends.set(end.writer, Math.min(end.next, ends.get(end.writer) ?? end.next));
  }
  return ends;
}

/** Returns a text that changes whenever a writer of the run records something. */
export function listingMark({ writers, newestDocument, fences }: RunListing): string {
  const segments = [...writers.values()].flatMap((own) => own.map(({ key, size }) => `${key}:${size}`));
  return [newestDocument, fences, ...segments.sort()].join();
}
