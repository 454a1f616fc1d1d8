import { ownValue, setOwn } from "../bytes/dictionary.ts";
import type { Dictionary } from "./event.ts";
import type { WriterFold } from "./writer-fold.ts";

/** What of a writer's journal is in a document, or in compacted points. */
export interface Coverage {
  readonly writer: string;
  readonly segments: readonly { readonly seq: number; readonly bytes: number; readonly digest?: string }[];
}

/** An object of a run. `name` stands below the run's prefix; `size` in bytes. */
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
 * The journals of a run as they were compacted: their points are in `metrics`, key by key (by UTF-8 bytes), of each key
 * writer by writer in the order of `writers`, of each writer in its order of logging. All the rest is in `writers`. Records
 * numbered below a writer's `next` are in here, wherever else they may stand.
 */
export interface Compacted {
  readonly metrics: readonly CompactedObject[];
  readonly overview?: CompactedObject | undefined;
  readonly writers: readonly WriterFold[];
  /** Hold the rich values, one behind the other, where they are too many for `writers`. */
  readonly media: readonly CompactedObject[];
  /** Hold the events as they were recorded, if some of them are superseded; those still in `writers` among them. */
  readonly events: readonly CompactedObject[];
  /** Holds the summaries of `writers`, if there are very many. */
  readonly summaries?: CompactedObject | undefined;
  /** By writer. Its segments may be gone. */
  readonly ends: Dictionary<CompactedEnd>;
}

/** How far the journal of a writer is compacted: the segments below number `segments`, of the last of them `bytes`. */
export interface CompactedEnd {
  readonly segments: number;
  readonly bytes: number;
}

/** Whether so many bytes of a segment are compacted: before its last one a writer adds to none. */
export function isCompacted(end: CompactedEnd | undefined, seq: number, bytes: number): boolean {
  if (end === undefined || seq >= end.segments) return false;
  return seq < end.segments - 1 || bytes <= end.bytes;
}

/** How far journals are compacted that were so as far as `before`, and now as far as `covers`. */
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

/** A file of points is ended with the row group that brings it to this size, in bytes: a shorter one is the last of its compaction. */
export const FILE_BYTES: number = 64 * 1024 * 1024;

const METRICS = /^metrics(?:\.([0-9]{4}|[1-9][0-9]{4,8}))?(?:\.([0-9]{4}|[1-9][0-9]{4,8}))?\.(parquet|overview)$/;

/** Name of the `part`-th file of points of a compaction; both count from 1, and no number is used again. */
export function metricsName(compaction: number, part: number): string {
  const digits = (n: number): string => `.${String(n).padStart(4, "0")}`;
  if (part > 1) return `metrics${digits(compaction)}${digits(part)}.parquet`;
  return compaction === 1 ? "metrics.parquet" : `metrics${digits(compaction)}.parquet`;
}

/** Whether a compaction made no file of points but this one. */
export function isOnlyFile({ name, size, compaction }: MetricsEntry): boolean {
  return name === metricsName(compaction, 1) && size < FILE_BYTES;
}

export function overviewName(compaction: number): string {
  return metricsName(compaction, 1).replace(/parquet$/, "overview");
}

const RECORDS = /^metrics-[0-9a-z][0-9a-z_-]{0,63}\.(events|media|summaries)$/;

/** Name of an object with records that a run document names. `id` is new for each. */
export function recordsName(id: string, kind: "events" | "media" | "summaries"): string {
  return `metrics-${id}.${kind}`;
}

/** Whether {@link recordsName} made a name. */
export function isRecordsName(name: string): boolean {
  return RECORDS.test(name);
}

/** One object of a compaction, as listed. */
export interface MetricsEntry {
  readonly name: string;
  readonly size: number;
  readonly compaction: number;
  readonly kind: "metrics" | "overview";
}

/** What a name that {@link metricsName} or {@link overviewName} made says; `undefined` for any other. */
export function parseMetricsName(name: string, size: number): MetricsEntry | undefined {
  const match = METRICS.exec(name);
  if (match === null) return undefined;
  return { name, size, compaction: Number(match[1] ?? 1), kind: match[3] === "parquet" ? "metrics" : "overview" };
}
