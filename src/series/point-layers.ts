import { type CompactedObject, parseMetricsName } from "../journal/compacted.ts";
import type { WriterFold } from "../journal/writer-fold.ts";

/** The files of points that one compaction made. */
export interface PointLayer {
  readonly files: readonly CompactedObject[];
  /** The bytes of all files. */
  readonly size: number;
}

/** A layer that is at least this many times as large as all later points together stays unchanged. */
const LAYER_RATIO = 3;
/** Layers that are smaller than this together are merged: one read fetches such a file. */
const SMALL_LAYER_BYTES: number = 32 * 1024;
/** About how many bytes a compacted point takes, and a file without points. */
const POINT_BYTES = 9;
const FILE_OVERHEAD_BYTES = 1024;

/** Returns the layers of a compaction, in order. */
export function layersOf(metrics: readonly CompactedObject[]): PointLayer[] {
  const layers = new Map<number | undefined, CompactedObject[]>();
  for (const file of metrics) {
    const compaction = parseMetricsName(file.name, file.size)?.compaction;
    const files = layers.get(compaction);
    if (files) files.push(file);
    else layers.set(compaction, [file]);
  }
  return [...layers.values()].map((files) => ({ files, size: files.reduce((sum, { size }) => sum + size, 0) }));
}

/**
 * Returns how many of the first layers stay unchanged if `points` points come after them. The others are merged with
 * these points. So there are O(log n) layers, and each point is rewritten O(log n) times.
 */
export function countKeptLayers(layers: readonly PointLayer[], points: number): number {
  let size = FILE_OVERHEAD_BYTES + points * POINT_BYTES;
  for (let kept = layers.length; kept > 0; kept--) {
    const before = (layers[kept - 1] as PointLayer).size;
    if (before >= LAYER_RATIO * size && before + size >= SMALL_LAYER_BYTES) return kept;
    size += before;
  }
  return 0;
}

/** Returns how many points `folds` have that the writers of a compaction do not have. */
export function countLatePoints(folds: readonly WriterFold[], compacted: ReadonlyMap<string, WriterFold>): number {
  let late = 0;
  for (const { writer, summaries } of folds) {
    const before = compacted.get(writer);
    for (const [key, { count }] of summaries) late += count - (before?.summaries.get(key)?.count ?? 0);
  }
  return late;
}

/**
 * Returns whether the points that `folds` have beyond a compaction can stand behind its points: the compacted writers
 * are in their old order, and none of them but the last with points, and no writer before it, has late points. `folds`
 * must be in the order of the writers.
 */
export function areLatePointsLast(folds: readonly WriterFold[], compacted: readonly WriterFold[]): boolean {
  const known = new Map(compacted.map((fold) => [fold.writer, fold]));
  let next = 0;
  let isLate = false;
  for (const fold of folds) {
    const before = known.get(fold.writer);
    if (before && compacted[next++] !== before) return false;
    const hasOld = before !== undefined && before.summaries.size > 0;
    if (isLate && hasOld) return false;
    isLate ||= countLatePoints([fold], known) > 0;
  }
  return next === compacted.length;
}
