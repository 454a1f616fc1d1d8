import { callOptions } from "../backend/call-options.ts";
import type { CallOptions } from "../backend/backend.ts";
import { onDemand } from "../platform/on-demand.ts";
import {
  type Compacted,
  type CompactedObject,
  type Coverage,
  metricsName,
  overviewName,
} from "../journal/compacted.ts";
import { PointsCompaction } from "../series/compact-points.ts";
import type { PointsBefore } from "../series/compaction-plan.ts";
import type { PointSources } from "../series/gather-points.ts";
import type { RunListing } from "../journal/list-run.ts";
import type { RecordsInput } from "./compact-records.ts";
import { storeObject } from "./store-object.ts";

const metricsReading = /* @__PURE__ */ onDemand(() => import("../series/compacted-points.ts"));
const pointLayers = /* @__PURE__ */ onDemand(() => import("../series/point-layers.ts"));

/** What a compaction of a run reads. */
export interface CompactionInput extends RecordsInput {
  readonly listing: RunListing;
  /** The segments that the folds contain. */
  readonly covers: readonly Coverage[];
  /** Whether to write Parquet that every engine reads. */
  readonly compat: boolean;
}

type StoredPoints = Pick<Compacted, "metrics" | "overview">;

/**
 * Stores the points of a run in files, and reads each file back. Files of an earlier compaction that stay unchanged come
 * first. Returns `undefined` if there are no points. `n`: the number of the compaction.
 */
export async function storePoints(input: CompactionInput, n: number): Promise<StoredPoints | undefined> {
  const { backend, runId, folds, segments, base, compat, signal } = input;
  const call = callOptions(signal);
  const parts = base && (await divideLayers(base, folds));
  if (parts?.late === 0) return { metrics: parts.kept, overview: base?.overview };
  const before = parts && parts.kept.length > 0 ? parts : undefined;
  const opened = base && (await (before ? openMerged(input, base, before.merged) : openCompacted(input, base, call)));
  const ends = new Map(folds.map(({ writer, next }) => [writer, next]));
  const compaction = await PointsCompaction.plan(
    { backend, runId, segments, ends, compacted: opened?.compacted },
    folds,
    { ...call, compat, ...(before ? { before: opened?.before } : { overviewName: overviewName(n) }) },
  );
  if (compaction.total === 0) return undefined;
  const metrics: CompactedObject[] = [];
  for await (const file of compaction.files())
    metrics.push(await storeObject(backend, runId, metricsName(n, metrics.length + 1), file, input));
  // The overview of the points before stays: it is right for the metrics without late points.
  if (before) return { metrics: [...before.kept, ...metrics], overview: base?.overview };
  const bytes = compaction.overview();
  const overview = bytes && (await storeObject(backend, runId, overviewName(n), once(bytes), input));
  return { metrics, overview };
}

/** The files of a compaction before late points. */
interface DividedLayers {
  /** How many late points there are. */
  readonly late: number;
  /** Files that stay unchanged. Empty if all points are written again. */
  readonly kept: readonly CompactedObject[];
  /** Files whose points are merged with the late points. */
  readonly merged: readonly CompactedObject[];
}

async function divideLayers({ metrics, writers }: Compacted, folds: CompactionInput["folds"]): Promise<DividedLayers> {
  const { areLatePointsLast, countKeptLayers, countLatePoints, layersOf } = await pointLayers();
  const late = countLatePoints(folds, new Map(writers.map((fold) => [fold.writer, fold])));
  // Late points of an earlier writer stand among those of later ones, so all points are written again.
  if (!areLatePointsLast(folds, writers)) return { late: Math.max(late, 1), kept: [], merged: metrics };
  const layers = layersOf(metrics);
  const count = late === 0 ? layers.length : countKeptLayers(layers, late);
  const files = (some: typeof layers): CompactedObject[] => some.flatMap((layer) => layer.files);
  return { late, kept: files(layers.slice(0, count)), merged: files(layers.slice(count)) };
}

/** What a compaction reads of an earlier one. */
interface OpenedPoints {
  readonly compacted: NonNullable<PointSources["compacted"]>;
  readonly before?: PointsBefore;
}

/** Opens the points of an earlier compaction. Only a run that was closed before loads the Parquet reader. */
async function openCompacted(
  { backend, runId }: CompactionInput,
  { metrics, writers }: Compacted,
  call: CallOptions,
): Promise<OpenedPoints> {
  const { openMetrics, compactedRows } = await metricsReading();
  const opened = await openMetrics(backend, runId, metrics, call);
  return { compacted: { writers, rows: (keys) => compactedRows(opened, writers, keys) } };
}

/** Opens the last files of an earlier compaction, whose points are merged with late ones. */
async function openMerged(
  { backend, runId, signal }: CompactionInput,
  { writers }: Compacted,
  files: readonly CompactedObject[],
): Promise<OpenedPoints> {
  const { openMetrics, readMerged } = await metricsReading();
  const { counts, rows } = await readMerged(await openMetrics(backend, runId, files, callOptions(signal)));
  return { compacted: { writers, rows }, before: { writers, merged: counts } };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
