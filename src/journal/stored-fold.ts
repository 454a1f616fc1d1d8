import { MEDIA_KINDS } from "./media-entry.ts";
import { setOwn } from "../bytes/dictionary.ts";
import type { Damage } from "./damage.ts";
import type { Dictionary, MediaRecord, RunEvent } from "./event.ts";
import type { MediaState } from "./media-fold.ts";
import type { Point, SummaryState } from "./metric-summary.ts";
import type { WriterFold } from "./writer-fold.ts";

/**
 * A summary as numbers: count, sum, its rounding error, then value, step and time of the last, least and greatest
 * point.
 */
export type StoredSummary = readonly number[];
/** The members of a {@link MediaState}: count, n, type, step, at, size, mediaType. */
export type StoredMedia = readonly [number, number, MediaState["type"], number, number, number, string];

/** A {@link WriterFold} as a run document keeps it. */
export interface StoredFold {
  readonly writer: string;
  readonly order: number;
  readonly fence: number;
  readonly next: number;
  readonly lastOrder: number;
  readonly lastStep?: number | undefined;
  readonly firstStep?: number | undefined;
  readonly lastTime?: number | undefined;
  readonly beatMs?: number | undefined;
  readonly alive?: string | undefined;
  readonly events: readonly RunEvent[];
  readonly superseded: number;
  /** Absent if the rich values are in objects of their own. */
  readonly mediaList?: readonly MediaRecord[] | undefined;
  readonly damage: readonly Damage[];
  /** Absent, like `media`, if the summaries of the run are in an object of their own. */
  readonly metrics?: Dictionary<StoredSummary> | undefined;
  readonly media?: Dictionary<StoredMedia> | undefined;
}

/** Returns a fold as it is stored. `apart`: the summaries are in another object. */
export function storeFold(fold: WriterFold, apart: boolean): StoredFold {
  const { summaries, media, read: _read, ...rest } = fold;
  if (apart) return rest;
  const metrics: Dictionary<StoredSummary> = {};
  for (const [key, state] of summaries) setOwn(metrics, key, storeSummary(state));
  const kinds: Dictionary<StoredMedia> = {};
  for (const [key, state] of media) setOwn(kinds, key, storeMedia(state));
  return { ...rest, metrics, ...(media.size > 0 && { media: kinds }) };
}

/** Returns the fold that {@link storeFold} stored. */
export function restoreFold({
  metrics = {},
  media = {},
  lastStep,
  firstStep,
  lastTime,
  beatMs,
  alive,
  mediaList,
  ...rest
}: StoredFold): WriterFold {
  return {
    ...rest,
    ...(lastStep !== undefined && { lastStep }),
    ...(firstStep !== undefined && { firstStep }),
    ...(lastTime !== undefined && { lastTime }),
    ...(beatMs !== undefined && { beatMs }),
    ...(alive !== undefined && { alive }),
    ...(mediaList && { mediaList }),
    summaries: new Map(Object.entries(metrics).map(([key, stored]) => [key, restoreSummary(stored)])),
    media: new Map(Object.entries(media).map(([key, stored]) => [key, restoreMedia(stored)])),
  };
}

/** Returns whether {@link restoreSummary} takes a value. */
export function isStoredSummary(value: unknown): value is StoredSummary {
  return (
    Array.isArray(value) &&
    (value.length === 6 || value.length === 12) &&
    value.every((item) => typeof item === "number") &&
    Number.isSafeInteger(value[0]) &&
    (value[0] as number) > 0 &&
    // NaN is no step, and neither the least nor the greatest value. Those are `undefined` if the list is short.
    !Number.isNaN(value[4]) &&
    !Number.isNaN(value[6]) &&
    !Number.isNaN(value[9])
  );
}

/** Returns whether {@link restoreMedia} takes a value. */
export function isStoredMedia(value: unknown): value is StoredMedia {
  if (!Array.isArray(value) || value.length !== 7) return false;
  const [count, n, type, step, at, size, mediaType] = value as unknown[];
  return (
    [count, n, step, size].every(Number.isSafeInteger) &&
    (count as number) > 0 &&
    typeof at === "number" &&
    (MEDIA_KINDS as readonly unknown[]).includes(type) &&
    typeof mediaType === "string"
  );
}

export function storeSummary({ count, sum, rest, last, min, max }: SummaryState): StoredSummary {
  const stored = [count, sum, rest, last.value, last.step, last.time];
  if (min && max) stored.push(min.value, min.step, min.time, max.value, max.step, max.time);
  return stored;
}

export function restoreSummary(stored: StoredSummary): SummaryState {
  const number = (at: number): number => stored[at] as number;
  const point = (at: number): Point => ({ value: number(at), step: number(at + 1), time: number(at + 2) });
  return {
    count: number(0),
    sum: number(1),
    rest: number(2),
    last: point(3),
    ...(stored.length === 12 && { min: point(6), max: point(9) }),
  };
}

export function storeMedia({ count, n, type, step, at, size, mediaType }: MediaState): StoredMedia {
  return [count, n, type, step, at, size, mediaType];
}

export function restoreMedia([count, n, type, step, at, size, mediaType]: StoredMedia): MediaState {
  return { count, n, type, step, at, size, mediaType };
}
