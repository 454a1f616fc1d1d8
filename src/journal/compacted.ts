import { ownValue, setOwn } from "../bytes/dictionary.ts";
import type { Dictionary } from "./event.ts";
import type { FlushRange } from "./flush-pattern.ts";
import type { WriterFold } from "./writer-fold.ts";

/** The segments of a writer's journal that a document or a compaction covers. */
export interface Coverage {
  readonly writer: string;
  readonly segments: readonly CoveredSegment[];
  /** Segments that those of `segments` repeat, as far as they are known. */
  readonly repeated?: readonly FlushRange[] | undefined;
}

/** The covered part of a segment. */
export interface CoveredSegment extends FlushRange {
  readonly bytes: number;
  readonly digest?: string;
}

/** An object of a run. `name` is below the prefix of the run; `size` is in bytes. */
export interface StoredObject {
  readonly name: string;
  readonly size: number;
  /** `sha256:<hex>`. Only a segment of a journal may lack it: another writer may still append to that segment. */
  readonly digest?: string | undefined;
}

/** An object that a run document names: it holds points, an overview, events, rich values or summaries. */
export interface CompactedObject extends StoredObject {
  readonly digest: string;
}

/**
 * The compacted journals of a run. Their points are in `metrics`: ordered by key (by UTF-8 bytes), then by writer in
 * the order of `writers`, then in the order of logging. Everything else is in `writers`. Records with numbers below the
 * `next` of a writer are in here, even if a journal has them, too.
 */
export interface Compacted {
  readonly metrics: readonly CompactedObject[];
  readonly overview?: CompactedObject | undefined;
  readonly writers: readonly WriterFold[];
  /** They hold the rich values, one after the other, if those are too many for `writers`. */
  readonly media: readonly CompactedObject[];
  /** They hold all events as they were recorded, if some of them are superseded. */
  readonly events: readonly CompactedObject[];
  /** It holds the summaries of `writers`, if there are very many. */
  readonly summaries?: CompactedObject | undefined;
  /** By writer: how far its journal is compacted. The compacted segments may be gone. */
  readonly ends: Dictionary<CompactedEnd>;
}

/**
 * How far the journal of a writer is compacted: the segments below number `segments`, and `bytes` of the last of them.
 */
export interface CompactedEnd {
  readonly segments: number;
  readonly bytes: number;
}

/** Returns whether the first `bytes` bytes of a segment are compacted. A writer adds only to its last segment. */
export function isCompacted(end: CompactedEnd | undefined, seq: number, bytes: number): boolean {
  if (end === undefined || seq >= end.segments) return false;
  return seq < end.segments - 1 || bytes <= end.bytes;
}

/** Returns how far journals are compacted after a compaction of `covers`, if they were compacted as far as `before`. */
export function compactedEnds(
  before: Dictionary<CompactedEnd> | undefined,
  covers: readonly Coverage[],
): Dictionary<CompactedEnd> {
  const ends: Dictionary<CompactedEnd> = { ...before };
  for (const { writer, segments } of covers) {
    for (const { seq, bytes } of segments)
      if (!isCompacted(ownValue(ends, writer), seq, bytes)) setOwn(ends, writer, { segments: seq + 1, bytes });
  }
  return ends;
}

/**
 * A file of points ends with the row group that reaches this size, in bytes. A shorter file is the last of its
 * compaction.
 */
export const FILE_BYTES: number = 64 * 1024 * 1024;

const METRICS = /^metrics(?:\.([0-9]{4}|[1-9][0-9]{4,8}))?(?:\.([0-9]{4}|[1-9][0-9]{4,8}))?\.(parquet|overview)$/;

/** The greatest number of a compaction that {@link parseMetricsName} reads. */
export const MAX_COMPACTION_NUMBER = 999_999_999;

/** Returns the name of the `part`-th file of points of a compaction. Both count from 1, and no number is used twice. */
export function metricsName(compaction: number, part: number): string {
  const digits = (n: number): string => `.${String(n).padStart(4, "0")}`;
  if (part > 1) return `metrics${digits(compaction)}${digits(part)}.parquet`;
  return compaction === 1 ? "metrics.parquet" : `metrics${digits(compaction)}.parquet`;
}

/** Returns whether a file is the only file of points of its compaction. */
export function isOnlyFile({ name, size, compaction }: MetricsEntry): boolean {
  return name === metricsName(compaction, 1) && size < FILE_BYTES;
}

/** Returns the name of the overview of a compaction. */
export function overviewName(compaction: number): string {
  return metricsName(compaction, 1).replace(/parquet$/, "overview");
}

const RECORDS = /^metrics-[0-9a-z][0-9a-z_-]{0,63}\.(events|media|summaries)$/;

/** Returns the name of an object with records that a run document names. Each object needs a new `id`. */
export function recordsName(id: string, kind: "events" | "media" | "summaries"): string {
  return `metrics-${id}.${kind}`;
}

/** Returns whether {@link recordsName} made a name. */
export function isRecordsName(name: string): boolean {
  return RECORDS.test(name);
}

/** A listed object of a compaction. */
export interface MetricsEntry {
  readonly name: string;
  readonly size: number;
  readonly compaction: number;
  readonly kind: "metrics" | "overview";
}

/** Returns what a name of {@link metricsName} or {@link overviewName} says, or `undefined` for any other name. */
export function parseMetricsName(name: string, size: number): MetricsEntry | undefined {
  const match = METRICS.exec(name);
  if (match === null) return undefined;
  return { name, size, compaction: Number(match[1] ?? 1), kind: match[3] === "parquet" ? "metrics" : "overview" };
}
