import { GROWTH } from "../../src/catalog/compact-experiment.ts";
import { COLUMN_REQUESTS } from "../../src/catalog/segment-rows.ts";
import { RECORD_REQUESTS } from "../../src/catalog/found-records.ts";
import { MAX_SEGMENT_ROWS, MIN_JOINED, MIN_LOOSE, MIN_LOOSE_OF_ALL } from "../../src/catalog/segment-limits.ts";
import { REPEATED_BYTES } from "../../src/journal/repeated-flushes.ts";

/** The number of keys that one request of a listing returns. */
const KEYS_A_REQUEST = 1000;

/** What a search finds in the catalogue. */
export interface SearchedCatalog {
  /** Keys below the experiment, or below `experiments/` where all are searched: entries and segments. */
  readonly keys: number;
  /** Segments that are not in memory. */
  readonly segments: number;
  /**
   * Segments whose ends are read again because footer and directory exceed 256 KiB, or because another program merged
   * them. Default 0.
   */
  readonly again?: number;
  /** Segments that the statistics of their footers do not exclude. Default: all. */
  readonly asked?: number;
  /** Segments with runs of the answer. Default: `asked`; none for a summary. */
  readonly answering?: number;
  /** Runs that have entries and are closed for the first time. */
  readonly closed: number;
  /** Reads of each run that is open, was resumed, deleted or restored: see {@link readsOfOpenRun}. */
  readonly open?: readonly number[];
}

/**
 * The most requests of a search, or of a summary, without those that tidy the catalogue. `docs/scaling.md` has the same
 * in words.
 */
export function searchRequests({
  keys,
  segments,
  again = 0,
  asked = segments,
  answering = asked,
  closed,
  open = [],
}: SearchedCatalog): number {
  const listing = Math.max(1, Math.ceil(keys / KEYS_A_REQUEST));
  const footers = segments + again;
  const columns = COLUMN_REQUESTS * asked;
  const records = answering === 0 ? 0 : Math.max(RECORD_REQUESTS, answering);
  // One more request checks whether the catalogue is complete.
  return 1 + listing + footers + columns + closed + open.reduce((sum, reads) => sum + reads, 0) + records;
}

/** The most segments in the journal of a session that has flushed so often, and logged so many bytes, on an object store. */
export function journalSegmentsAtMost(flushes: number, bytes: number): number {
  return Math.ceil(Math.log2(flushes + 1) / 2) + BLOCKED * Math.ceil(bytes / REPEATED_BYTES);
}

/** Of each {@link REPEATED_BYTES} at most so many segments repeat less than the pattern wants. */
const BLOCKED = 12;

/**
 * The requests for a run that is read from its own objects: a listing, its newest document, its beginning, each segment
 * of its journals once, and its newest marker.
 */
export function readsOfOpenRun({ journalSegments, keys = journalSegments + 4 }: OpenRun): number {
  return Math.max(1, Math.ceil(keys / KEYS_A_REQUEST)) + 3 + journalSegments;
}

/**
 * The requests for a running run that the ledger has read before: a listing, and the objects of the flushes since then,
 * of a session that logs little.
 */
export function readsOfKnownRun(flushes: number): number {
  return 1 + Math.ceil(Math.log2(3 * flushes + 1) / 2);
}

export interface OpenRun {
  readonly journalSegments: number;
  /** Objects of the run. */
  readonly keys?: number;
}

/**
 * The most segments of an experiment of `runs` closed runs, if one program at a time merges them, and fewer runs than
 * fill a segment are added at a time. Of two segments with neighbouring sizes, the larger has more than three times the
 * rows of the smaller, or both have too many rows for one segment. So the smallest `k` segments have more than `8 (1 +
 * 3 + … + 3^(k-1))` rows together, and each two of the others have more rows than one segment may have.
 */
export function segmentsAtMost(runs: number, rowsOfSegment: number = MAX_SEGMENT_ROWS): number {
  const inPowers = Math.min(runs, (rowsOfSegment * GROWTH) / (GROWTH - 1));
  const powers = Math.log((inPowers * (GROWTH - 1)) / MIN_LOOSE + 1) / Math.log(GROWTH);
  // 8 + 24 rows make 2, for any rounding of the logarithms.
  return Math.floor(powers + 1e-9) + Math.floor((2 * runs) / rowsOfSegment);
}

/**
 * The most closed runs with entries that a search finds in a catalogue that is searched often. More are stored in a
 * segment.
 */
export const LOOSE_AT_MOST: number = MIN_LOOSE - 1;

/** The same of all experiments together, if all are searched often. */
export const LOOSE_OF_ALL_AT_MOST: number = MIN_LOOSE_OF_ALL - 1;
/** The most small segments that no joint segment repeats, if all experiments are searched often. */
export const UNJOINED_AT_MOST: number = MIN_JOINED - 1;

/**
 * The most requests of the tidying that repeats `small` segments, each below 256 KiB, in `made` joint segments, where
 * there was none before. `keys`: keys below `experiments/`.
 */
export function joiningRequests({ keys, small, made }: JoinedSegments): number {
  // One listing for the segments, and one for those that other programs have joined meanwhile.
  return 2 * Math.max(1, Math.ceil(keys / KEYS_A_REQUEST)) + small + made;
}

export interface JoinedSegments {
  readonly keys: number;
  readonly small: number;
  readonly made: number;
}

/**
 * The most requests of the tidying that puts `closed` runs of one experiment, which a search has read, into a segment:
 * it creates the segment and removes two entries of each run. It is the first one of the experiment, or merges none.
 */
export function tidyingRequests(closed: number): number {
  return 2 + 2 * closed;
}

/** The most requests of `getRun` of a finished run: a listing, and its document. */
export const GET_RUN_REQUESTS = 2;
