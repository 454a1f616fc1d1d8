import { setOwn } from "../backend/dictionary.ts";
import type { Dictionary } from "./event.ts";
import type { MediaEntry, MediaKind, MediaSummary } from "./media-entry.ts";
import { compareWriters, type MediaRecord, type WriterFold } from "./writer-fold.ts";

/** Which rich values of a run are wanted; all without any of them. */
export interface MediaFilter {
  readonly key?: string | undefined;
  readonly type?: MediaKind | undefined;
  /** Lowest and highest step, inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** The rich values that the folds of a run's writers hold, in step order, ties in the order of logging. */
export function readMedia(folds: readonly WriterFold[], filter: MediaFilter = {}): MediaEntry[] {
  const { key, type, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = filter;
  const found = inOrder(folds).filter(
    (event) =>
      event.step >= from &&
      event.step <= to &&
      (key === undefined || event.key === key) &&
      (type === undefined || event.type === type),
  );
  // Stable: those of one step stay in line.
  return found.sort((a, b) => a.step - b.step).map(toEntry);
}

/** What the record of a run says of its rich values, `undefined` when it has none. */
export function summariseMedia(folds: readonly WriterFold[]): Dictionary<MediaSummary> | undefined {
  const events = inOrder(folds);
  if (events.length === 0) return undefined;
  const counts = new Map<string, number>();
  const summaries: Dictionary<MediaSummary> = {};
  for (const { key, type, step, at, size, mediaType } of events) {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    setOwn(summaries, key, { type, count, last: { step, time: at, size, mediaType } });
  }
  return summaries;
}

/** Those of all writers in the order of logging: contents of one writer are recorded as they are stored, in any order. */
function inOrder(folds: readonly WriterFold[]): MediaRecord[] {
  return [...folds].sort(compareWriters).flatMap(({ media }) => [...media].sort((a, b) => a.n - b.n));
}

function toEntry(event: MediaRecord): MediaEntry {
  const { kind: _kind, v: _v, order: _order, time: _time, n: _n, at, ...entry } = event;
  return { ...entry, time: at };
}
