import type { Backend, CallOptions } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { lossError } from "../journal/damage.ts";
import { inSlices } from "../platform/event-loop.ts";
import { type RunCreated, runPrefix } from "../journal/run-created.ts";
import { whileItChanges } from "../journal/newest-document.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import type { MetricsReader } from "../parquet/metrics-reader.ts";
import { copyPoints } from "../parquet/points.ts";
import { compareUtf8 } from "../bytes/utf8-order.ts";
import { levelFor, sampleExtremes, type SampleMethod, sampleSeries } from "./downsample.ts";
import type { HistoryOptions } from "./history-options.ts";
import { readJournalSeries, type WriterPoints } from "./journal-series.ts";
import {
  openMetrics,
  pointsRange,
  rangeReader,
  readPoints,
  splitByWriter,
  type WantedKeys,
} from "./compacted-points.ts";
import { findPoints, type Place } from "./find-points.ts";
import { inStepOrder, isBounded, joinSeries, type Series, type SeriesRange, within } from "./series.ts";
import { type Cuts, type Latest, readLatest, replacedFrom } from "./replaced-points.ts";
import type { MetricsEntry } from "../journal/compacted.ts";
import { openOverview } from "./overview/overview-reader.ts";

/**
 * Reads the histories of a run's metrics: of the given keys, or of all, sorted by name. A key without values is absent.
 * Reads of a finished run only the bytes that are needed, and of a running one its journals.
 */
export async function readSeries(
  backend: Backend,
  runId: string,
  readCreated: () => Promise<RunCreated>,
  keys: readonly string[] | undefined,
  options: HistoryOptions = {},
): Promise<Map<string, Series>> {
  const call = options.signal ? { signal: options.signal } : undefined;
  return await whileItChanges(backend, runId, call, undefined, async (listing, isConfirmed) => {
    const place = await findPoints(backend, runId, listing, isConfirmed, call);
    if (place.lost && options.damaged !== "skip") throw lossError(`the history of run ${runId} is`, place.lost);
    const wanted = keys && new Set(keys);
    const { samples, method = "minmax", view } = options;
    const latest =
      view === "latest"
        ? await readLatest(backend, runId, { listing, isConfirmed, more: place.more, readCreated }, call)
        : undefined;
    const found =
      samples !== undefined && !isBounded(options) && place.overview && place.more.size === 0 && !latest
        ? await readOverviews(backend, runId, place, place.overview, wanted, samples, method, call)
        : new Map<string, Series>();
    const missing = wanted && new Set([...wanted].filter((key) => !found.has(key)));
    if (missing === undefined || missing.size > 0) {
      const rest: WantedKeys = { keys: missing, except: new Set(found.keys()) };
      if (samples !== undefined && place.more.size === 0 && place.metrics.length === 1 && !latest) {
        const [file] = await openMetrics(backend, runId, place.metrics, call);
        for (const [key, sampled] of await readSamples(file!, rest, options, samples, method)) found.set(key, sampled);
      } else {
        const all = await readAll(backend, runId, place, readCreated, rest, { ...options, isConfirmed, latest });
        for (const [key, points] of all) {
          const cut = within(points, options);
          if (cut.values.length === 0) continue;
          found.set(key, samples === undefined ? cut : sampleSeries(cut, samples, method));
        }
      }
    }
    const names = keys ?? [...found.keys()].sort(compareUtf8);
    return new Map(names.flatMap((key) => (found.has(key) ? [[key, found.get(key) as Series]] : [])));
  });
}

/** Samples whole series, one at a time, so that only one is in memory. */
async function readSamples(
  file: MetricsReader,
  { keys, except }: WantedKeys,
  range: SeriesRange,
  samples: number,
  method: SampleMethod,
): Promise<Map<string, Series>> {
  const found = new Map<string, Series>();
  for await (const { key, points, isLent } of file.series(keys, pointsRange(range), except)) {
    const cut = within(await inSlices(inStepOrder(points)), range);
    if (cut.values.length === 0) continue;
    const sampled = sampleSeries(cut, samples, method);
    found.set(key, isLent && sampled.values === points.values ? copyPoints(points) : sampled);
  }
  return found;
}

async function readAll(
  backend: Backend,
  runId: string,
  { metrics, more, writers: ofPlace, listing }: Place,
  readCreated: () => Promise<RunCreated>,
  wanted: WantedKeys,
  {
    from,
    to,
    fromTime,
    toTime,
    damaged,
    signal,
    isConfirmed,
    latest,
  }: HistoryOptions & { readonly isConfirmed: boolean; readonly latest: Latest | undefined },
): Promise<Map<string, Series>> {
  const call = signal ? { signal } : undefined;
  // To tell which writer each stored point of a key belongs to, all of them are needed.
  const range: SeriesRange =
    more.size > 0 || latest
      ? {}
      : {
          ...(from !== undefined && { from }),
          ...(to !== undefined && { to }),
          ...(fromTime !== undefined && { fromTime }),
          ...(toTime !== undefined && { toTime }),
        };
  const stored = await readPoints(await openMetrics(backend, runId, metrics, call), wanted, range);
  if (more.size === 0 && metrics.length > 0 && !latest) {
    const sorted = new Map<string, Series>();
    for (const [key, points] of stored) sorted.set(key, await inSlices(inStepOrder(points)));
    return sorted;
  }
  const { keys, except } = wanted;
  const writers = latest?.compacted ?? ofPlace;
  const isWanted = (key: string): boolean => (keys?.has(key) ?? true) && !except.has(key);
  const journals = await readJournalSeries(backend, await readCreated(), more, listing, writers, isWanted, call);
  for (const { lost } of journals) {
    if (lost && damaged !== "skip") {
      // The listing may be older than a writer that has joined since. `NOT_FOUND` makes the caller list again.
      if (lost.kind === "missing" && !isConfirmed) throw new LedgerError("NOT_FOUND", lost.message, { key: lost.key });
      throw lossError(`the history of run ${runId} is`, lost);
    }
  }
  const names = new Set([...stored.keys(), ...journals.flatMap(({ columns }) => [...columns.keys()])]);
  const joined = new Map<string, Series>();
  for (const key of names)
    joined.set(key, await inSlices(joinWriters(key, stored.get(key), writers, journals, latest?.cuts)));
  return joined;
}

/**
 * Returns the points of a key: for each writer the compacted ones, then those in its journal. Yields where it may be
 * interrupted.
 */
function* joinWriters(
  key: string,
  stored: Series | undefined,
  compacted: readonly WriterFold[],
  journals: readonly WriterPoints[],
  cuts: Cuts | undefined,
): Generator<void, Series, void> {
  const parts = new Map<string, Series>();
  if (stored) for (const { writer, points } of splitByWriter(key, stored, 0, compacted)) parts.set(writer, points);
  const all: { readonly writer: string; readonly points: Series }[] = [];
  for (const { writer, columns } of journals) {
    const before = parts.get(writer);
    if (before) all.push({ writer, points: before });
    const own = columns.get(key);
    if (own) all.push({ writer, points: yield* own.toSeries() });
  }
  if (!cuts) return yield* joinSeries(all.map(({ points }) => points));
  const firsts = new Map<string, number>();
  for (const { writer, points } of all)
    if (points.steps.length > 0 && !firsts.has(writer)) firsts.set(writer, points.steps[0]!);
  const replaced = replacedFrom(key, firsts, cuts);
  // Steps are whole numbers.
  const left = all.map(({ writer, points }) => within(points, { to: (replaced.get(writer) ?? Infinity) - 1 }));
  return yield* joinSeries(left);
}

/** More samples than this take the whole series. */
const MOST_SAMPLES = 1000;

/** Returns samples of the keys whose overview is fine enough. */
async function readOverviews(
  backend: Backend,
  runId: string,
  { writers }: Pick<Place, "writers">,
  { name, size }: Pick<MetricsEntry, "name" | "size">,
  wanted: ReadonlySet<string> | undefined,
  samples: number,
  method: SampleMethod,
  options: CallOptions | undefined,
): Promise<Map<string, Series>> {
  const found = new Map<string, Series>();
  if (samples > MOST_SAMPLES) return found;
  const key = `${runPrefix(runId)}/${name}`;
  const file = await openOverview(rangeReader(backend, key, options), size, { runId, name });
  // Metrics that got late points since have an old overview.
  const isCurrent = (each: string): boolean =>
    writers.length === 0 ||
    file.count(each) === writers.reduce((sum, { summaries }) => sum + (summaries.get(each)?.count ?? 0), 0);
  await Promise.all(
    [...(wanted ?? file.keys())].filter(isCurrent).map(async (each) => {
      const level = levelFor(file.count(each) ?? 0, samples, method);
      const extremes = level && (await file.extremes(each, level));
      if (extremes) found.set(each, sampleExtremes(extremes, samples, method));
    }),
  );
  return found;
}
