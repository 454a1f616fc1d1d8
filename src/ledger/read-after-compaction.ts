import type { Backend } from "../backend/backend.ts";
import type { Compacted } from "../journal/compacted.ts";
import { compactedRows, openMetrics } from "../series/compacted-points.ts";
import type { Series } from "../series/series.ts";

/** The points that a watcher lacks of a run whose journals are gone. */
export interface CompactedRequest {
  readonly backend: Backend;
  readonly runId: string;
  readonly compacted: Compacted;
  /** By writer, then by metric: how many points the watcher has. They are the first ones that the writer logged. */
  readonly told: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** The wanted metrics. Default: all. */
  readonly keys: ReadonlySet<string> | undefined;
  readonly signal: AbortSignal;
}

/** Points of one metric and one writer, in the order of logging. */
export interface CompactedPoints {
  readonly writer: string;
  readonly key: string;
  readonly points: Series;
}

/** The greatest number of points in a piece. */
const PIECE_POINTS = 8192;

/**
 * Yields the compacted points that the watcher lacks: for each metric and writer, the points after the first `told`.
 * Yields them in pieces of a bounded size. The caller counts yielded points, so that after a failure it asks only for
 * the rest.
 */
export async function* readAfterCompaction({
  backend,
  runId,
  compacted: { metrics, writers },
  told,
  keys,
  signal,
}: CompactedRequest): AsyncGenerator<CompactedPoints, void, undefined> {
  const isTold = (writer: string, key: string): number => told.get(writer)?.get(key) ?? 0;
  const lacking = new Set(
    writers.flatMap(({ writer, summaries }) =>
      [...summaries].filter(([key, { count }]) => count > isTold(writer, key)).map(([key]) => key),
    ),
  );
  const wanted = keys ? new Set([...keys].filter((key) => lacking.has(key))) : lacking;
  if (wanted.size === 0) return;
  const open = await openMetrics(backend, runId, metrics, { signal });
  for await (const { writer, key, index, points } of compactedRows(open, writers, wanted)) {
    for (let from = Math.max(0, isTold(writer, key) - index); from < points.steps.length; from += PIECE_POINTS) {
      const cut = (column: Float64Array): Float64Array => column.subarray(from, from + PIECE_POINTS);
      yield { writer, key, points: { steps: cut(points.steps), times: cut(points.times), values: cut(points.values) } };
    }
  }
}
