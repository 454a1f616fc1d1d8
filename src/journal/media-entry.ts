import type { PackedPlace } from "./media-pack.ts";

/** The kinds of rich values. */
export type MediaKind = "text" | "image" | "histogram" | "table";

/** All kinds of rich values. */
export const MEDIA_KINDS: readonly MediaKind[] = ["text", "image", "histogram", "table"];

/**
 * A text, image, histogram or table that a run logged, without its content, which `ledger.openMedia` reads. The content
 * is in the record itself as `inline` (a short text or histogram), at the place `packed` in the run (anything else that
 * is small), or in the blob that `digest` names.
 */
export interface MediaEntry {
  /** The name it was logged under. */
  readonly key: string;
  /** What it is. */
  readonly type: MediaKind;
  /** The step it was logged at. */
  readonly step: number;
  /** When it was logged, in ms since the epoch. */
  readonly time: number;
  /** The bytes of the content as stored. */
  readonly size: number;
  /** The media type: `image/png`, `text/plain;charset=utf-8`, … */
  readonly mediaType: string;
  /** `sha256:<64 hex digits>` of the content. */
  readonly digest?: string | undefined;
  /** The content as text, instead of a blob. */
  readonly inline?: string | undefined;
  /** Where the content is stored among other small ones, instead of a blob. */
  readonly packed?: PackedContent | undefined;
  /** The width of an image in pixels. */
  readonly width?: number | undefined;
  /** The height of an image in pixels. */
  readonly height?: number | undefined;
  /** The caption of an image. */
  readonly caption?: string | undefined;
  /** The number of rows of a table. */
  readonly rows?: number | undefined;
  /** The number of columns of a table. */
  readonly columns?: number | undefined;
  /** The columns of a table that hold dates, counted from 0. */
  readonly dates?: readonly number[] | undefined;
}

/** The place of a content among the small contents that a session of a run stored together. */
export interface PackedContent extends PackedPlace {
  /** The id of the run. */
  readonly run: string;
}

/** A {@link MediaEntry} as the journal keeps it. */
export interface MediaEvent extends Omit<MediaEntry, "time" | "packed"> {
  readonly kind: "media";
  readonly packed?: PackedPlace | undefined;
  /** The place among the values of the session, from 0. Contents are stored and recorded in any order. */
  readonly n: number;
  /** When the value was logged. `time` of the event is when it was recorded. */
  readonly at: number;
}

/** The rich values of one key, in brief. */
export interface MediaSummary {
  /** The kind of the latest value. */
  readonly type: MediaKind;
  /** The number of values. */
  readonly count: number;
  /** The value that was logged last. If several writers logged the key, the one of the writer that joined last. */
  readonly last: {
    /** The step it was logged at. */
    readonly step: number;
    /** Milliseconds since the epoch. */
    readonly time: number;
    /** Bytes of the content. */
    readonly size: number;
    /** The media type: `image/png`, … */
    readonly mediaType: string;
  };
}
