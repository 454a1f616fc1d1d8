import type { Backend } from "../backend/backend.ts";
import type { Compacted } from "../journal/compacted.ts";
import { compactedRows, openMetrics } from "../series/compacted-points.ts";
import type { Series } from "../series/series.ts";

/** What a watcher lacks of a run whose journals are gone. */
export interface CompactedRequest {
  readonly backend: Backend;
  readonly runId: string;
  readonly compacted: Compacted;
  /** Writer, then metric, then how many of its points have been told: always the first ones that the writer logged. */
  readonly told: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** The metrics that are wanted, all without it. */
  readonly keys: ReadonlySet<string> | undefined;
  readonly signal: AbortSignal;
}

/** Points of one metric of one writer, in the order of logging. */
export interface CompactedPoints {
  readonly writer: string;
  readonly key: string;
  readonly points: Series;
}

/** Most points yielded at once. */
const PIECE_POINTS = 8192;

/**
 * The compacted points that have not been told: of each metric and writer those behind the first `told`. In pieces of a
 * bounded size; what was yielded counts as told, so that a repetition after a failure is asked for the rest.
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
