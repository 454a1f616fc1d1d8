import { FlushRanges, firstFlush } from "./flush-pattern.ts";
import { segmentName } from "./inventory.ts";
import type { RunListing } from "./list-run.ts";
import type { RunCreated } from "./run-created.ts";
import type { RunDocument } from "./run-document.ts";
import type { SegmentEntry } from "./segment.ts";
import type { WriterFold } from "./writer-fold.ts";

type Journals = ReadonlyMap<string, readonly SegmentEntry[]>;

/**
 * What was read of a running run. It counts as long as each listing still has the segments that were read, whole: then
 * only later segments are read.
 */
export interface KnownRun {
  readonly created: RunCreated;
  /** The newest document, if it was usable. */
  readonly document: RunDocument | undefined;
  /** What else must stay the same. */
  readonly mark: string;
  readonly writers: ReadonlyMap<string, KnownJournal>;
}

export interface KnownJournal {
  readonly fold: WriterFold;
  /** The flushes that were read. */
  readonly first: number;
  readonly last: number;
  /** The sizes of the segments that were read, by name. */
  readonly sizes: ReadonlyMap<string, number>;
}

/**
 * Returns what to remember of a run whose journals `read` were folded to `folds`. Returns nothing if it has no journal,
 * or if something of it is damaged or missing, because that may be back later.
 */
export function knownRun(
  created: RunCreated,
  document: RunDocument | undefined,
  listing: RunListing,
  read: Journals,
  folds: readonly WriterFold[],
): KnownRun | undefined {
  const writers = new Map<string, KnownJournal>();
  for (const fold of folds) {
    if (fold.damage.length > 0) return undefined;
    const segments = read.get(fold.writer);
    if (segments === undefined || segments.length === 0) continue;
    const first = firstFlush(segments[0]!);
    const last = segments.at(-1)!.seq;
    if (!new FlushRanges(segments).holdAll(first, last)) return undefined;
    const sizes = new Map(segments.map((segment) => [segmentName(segment), segment.size]));
    writers.set(fold.writer, { fold, first, last, sizes });
  }
  return writers.size > 0 ? { created, document, mark: markOf(listing), writers } : undefined;
}

/** Returns what is known of a run if it still counts. `listing`: a new listing of the run. */
export function stillKnown(known: KnownRun | undefined, listing: RunListing): KnownRun | undefined {
  if (known?.mark !== markOf(listing)) return undefined;
  for (const [writer, { first, last, sizes }] of known.writers) {
    const segments = listing.writers.get(writer) ?? [];
    if (!new FlushRanges(segments).holdAll(first, last)) return undefined;
    if (segments.some((each) => each.size !== (sizes.get(segmentName(each)) ?? each.size))) return undefined;
  }
  return known;
}

/** Returns the segments that hold more than is known. */
export function segmentsBeyondKnown({ writers }: KnownRun, journals: Journals): Map<string, SegmentEntry[]> {
  const beyond = new Map<string, SegmentEntry[]>();
  for (const [writer, segments] of journals) {
    const last = writers.get(writer)?.last ?? -1;
    const own = segments.filter(({ seq }) => seq > last);
    if (own.length > 0) beyond.set(writer, own);
  }
  return beyond;
}

/** Returns what stays the same about a run while it is known. */
export function markOf({ created, kept, newestDocument, fences, ends }: RunListing): string {
  // The beginning, the documents and the fences.
  const objects = kept.map(({ name, size }) => `${name}:${size}`).sort();
  return JSON.stringify([created, newestDocument, fences, [...ends], objects]);
}
