import type { Backend, CallOptions } from "../backend/backend.ts";
import type { MetricsEntry } from "../journal/compacted.ts";
import { runPrefix } from "../journal/run-created.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import { MERGED } from "./compaction-plan.ts";
import type { SeriesRange } from "./series.ts";
import { MetricsReader, type PointsRange, type ReadPoints } from "../parquet/metrics-reader.ts";
import { joinPoints } from "../parquet/points.ts";

/** The files with the compacted points of a run, in order. A key may continue from one file to the next. */
export type OpenMetrics = readonly MetricsReader[];

/** Some keys, or all keys without `keys`, except those in `except`. */
export interface WantedKeys {
  readonly keys: ReadonlySet<string> | undefined;
  readonly except: ReadonlySet<string>;
}

/** Returns a function that reads ranges of an object. */
export function rangeReader(
  backend: Backend,
  key: string,
  options: CallOptions | undefined,
): (offset: number, length: number) => Promise<Uint8Array> {
  return (offset, length) => backend.read(key, { ...options, range: { offset, length } });
}

/** Opens the files with the points of a run. */
export async function openMetrics(
  backend: Backend,
  runId: string,
  objects: readonly Pick<MetricsEntry, "name" | "size">[],
  options?: CallOptions,
): Promise<OpenMetrics> {
  return await Promise.all(
    objects.map(({ name, size }) => {
      const key = `${runPrefix(runId)}/${name}`;
      return MetricsReader.open(rangeReader(backend, key, options), size, key, runId);
    }),
  );
}

export function pointsRange({ from, to, fromTime, toTime }: SeriesRange): PointsRange {
  return {
    ...(from !== undefined && { fromStep: from }),
    ...(to !== undefined && { toStep: to }),
    ...(fromTime !== undefined && { fromTime }),
    ...(toTime !== undefined && { toTime }),
  };
}

/** Returns the points of the wanted keys, in the order in which they are stored. */
export async function readPoints(
  metrics: OpenMetrics,
  { keys, except }: WantedKeys,
  wanted: SeriesRange = {},
): Promise<Map<string, ReadPoints>> {
  const range = pointsRange(wanted);
  const found = new Map<string, ReadPoints[]>();
  for (const file of await Promise.all(metrics.map((reader) => reader.points(keys, range, except)))) {
    for (const [key, points] of file) {
      const parts = found.get(key);
      if (parts) parts.push(points);
      else found.set(key, [points]);
    }
  }
  return new Map([...found].map(([key, parts]) => [key, joinPoints(parts)]));
}

/**
 * Compacted points of one writer and key. `index` is the index of the first of them among the writer's points of the
 * key.
 */
export interface CompactedRows {
  readonly key: string;
  readonly writer: string;
  readonly index: number;
  readonly points: ReadPoints;
}

/**
 * Yields compacted points with their writers, a row group at a time. `writers` must be in the order of the compaction.
 */
export async function* compactedRows(
  metrics: OpenMetrics,
  writers: readonly WriterFold[],
  wanted: ReadonlySet<string>,
): AsyncGenerator<CompactedRows, void, undefined> {
  const places = new Map<string, number>();
  for (const reader of metrics) {
    for await (const { key, points } of reader.scan()) {
      if (!wanted.has(key)) continue;
      const from = places.get(key) ?? 0;
      places.set(key, from + points.steps.length);
      yield* splitByWriter(key, points, from, writers);
    }
  }
}

/** Up to this many points of files that are merged are read once and kept. */
const KEPT_POINTS = 256 * 1024;

/** The points of files that are merged with later points. */
export interface MergedPoints {
  /** How many points each key has. */
  readonly counts: ReadonlyMap<string, number>;
  /** Yields the points of keys as those of one writer, {@link MERGED}, a row group at a time. */
  rows(keys: ReadonlySet<string>): AsyncIterable<CompactedRows>;
}

/** Counts the points of files, so that they can be merged with later points. */
export async function readMerged(metrics: OpenMetrics): Promise<MergedPoints> {
  const counts = new Map<string, number>();
  const total = metrics.reduce((sum, { rows }) => sum + rows, 0);
  const kept: CompactedRows[] | undefined = total <= KEPT_POINTS ? [] : undefined;
  for await (const rows of scanMerged(metrics)) {
    counts.set(rows.key, rows.index + rows.points.steps.length);
    kept?.push(rows);
  }
  return {
    counts,
    async *rows(keys) {
      for await (const rows of kept ?? scanMerged(metrics)) if (keys.has(rows.key)) yield rows;
    },
  };
}

async function* scanMerged(metrics: OpenMetrics): AsyncGenerator<CompactedRows, void, undefined> {
  const places = new Map<string, number>();
  for (const reader of metrics) {
    for await (const { key, points } of reader.scan()) {
      const index = places.get(key) ?? 0;
      places.set(key, index + points.steps.length);
      yield { key, writer: MERGED, index, points };
    }
  }
}

/**
 * Cuts points of a key where the points of the next writer begin. `from` is the number of the key's points before them.
 */
export function* splitByWriter(
  key: string,
  { steps, times, values }: ReadPoints,
  from: number,
  writers: readonly WriterFold[],
): Generator<CompactedRows, void, undefined> {
  let begin = 0;
  for (const { writer, summaries } of writers) {
    const end = begin + (summaries.get(key)?.count ?? 0);
    const a = Math.max(begin, from);
    const b = Math.min(end, from + steps.length);
    if (a < b) {
      const cut = (column: Float64Array): Float64Array => column.subarray(a - from, b - from);
      yield { key, writer, index: a - begin, points: { steps: cut(steps), times: cut(times), values: cut(values) } };
    }
    begin = end;
  }
}
