import { setOwn } from "../bytes/dictionary.ts";
import type { Dictionary, MediaRecord } from "./event.ts";
import type { MediaEntry, MediaKind, MediaSummary } from "./media-entry.ts";
import { compareWriters, type WriterFold } from "./writer-fold.ts";

/** Which rich values of a run are wanted; all without any of them. */
export interface MediaFilter {
  readonly key?: string | undefined;
  readonly type?: MediaKind | undefined;
  /** Lowest and highest step, inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Whether a rich value is wanted. */
export function isWantedMedia(event: MediaRecord, filter: MediaFilter): boolean {
  const { key, type, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = filter;
  return (
    event.step >= from &&
    event.step <= to &&
    (key === undefined || event.key === key) &&
    (type === undefined || event.type === type)
  );
}

/** The rich values of a run's writers, in the order of the writers, in step order, ties in the order of logging. */
export function toMediaEntries(writers: readonly (readonly MediaRecord[])[]): MediaEntry[] {
  // Contents of one writer are recorded as they are stored, in any order.
  const found = writers.flatMap((media) => media.toSorted((a, b) => a.n - b.n));
  // Stable: those of one step stay in line.
  return found.sort((a, b) => a.step - b.step).map(toEntry);
}

/** What the record of a run says of its rich values, `undefined` when it has none. */
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

function toEntry(event: MediaRecord): MediaEntry {
  const { kind: _kind, v: _v, order: _order, time: _time, n: _n, at, ...entry } = event;
  return { ...entry, time: at };
}
