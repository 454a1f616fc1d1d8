import { setOwn } from "../bytes/dictionary.ts";
import { sortInPieces } from "../platform/sort-in-pieces.ts";
import type { Dictionary, MediaRecord } from "./event.ts";
import type { MediaEntry, MediaKind, MediaSummary } from "./media-entry.ts";
import { compareWriters, type WriterFold } from "./writer-fold.ts";

/** Selects rich values of a run. Default: all. */
export interface MediaFilter {
  readonly key?: string | undefined;
  readonly type?: MediaKind | undefined;
  /** The lowest step, inclusive. */
  readonly from?: number | undefined;
  /** The highest step, inclusive. */
  readonly to?: number | undefined;
}

/** Returns whether a filter selects a rich value. */
export function isWantedMedia(event: MediaRecord, filter: MediaFilter): boolean {
  const { key, type, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = filter;
  return (
    event.step >= from &&
    event.step <= to &&
    (key === undefined || event.key === key) &&
    (type === undefined || event.type === type)
  );
}

/** How many values are converted between two yields. */
const PIECE = 1024;

/**
 * Returns the rich values of all writers in step order, ties in the order of the writers, then in the order of logging.
 * Yields where it may be interrupted.
 */
export function* toMediaEntries(
  run: string,
  writers: readonly (readonly MediaRecord[])[],
): Generator<void, MediaEntry[], void> {
  const logged: MediaRecord[] = [];
  // A writer records contents as they are stored, in any order.
  for (const media of writers) for (const event of yield* sortInPieces(media, (a, b) => a.n - b.n)) logged.push(event);
  // The sort is stable: values of one step keep their order.
  const sorted = yield* sortInPieces(logged, (a, b) => a.step - b.step);
  const entries: MediaEntry[] = [];
  for (const event of sorted) {
    entries.push(toEntry(run, event));
    if (entries.length % PIECE === 0) yield;
  }
  return entries;
}

/** Returns the summaries of rich values for the record of a run, or `undefined` if there are none. */
export function summariseMedia(
  folds: readonly Pick<WriterFold, "writer" | "order" | "media">[],
): Dictionary<MediaSummary> | undefined {
  const summaries: Dictionary<MediaSummary> = {};
  let isEmpty = true;
  for (const { media } of [...folds].sort(compareWriters)) {
    for (const [key, { type, count, step, at, size, mediaType }] of media) {
      isEmpty = false;
      const before = Object.hasOwn(summaries, key) ? summaries[key]!.count : 0;
      setOwn(summaries, key, { type, count: before + count, last: { step, time: at, size, mediaType } });
    }
  }
  return isEmpty ? undefined : summaries;
}

function toEntry(run: string, event: MediaRecord): MediaEntry {
  const { kind: _kind, v: _v, order: _order, time: _time, n: _n, at, packed, ...entry } = event;
  return { ...entry, time: at, ...(packed && { packed: { run, ...packed } }) };
}
