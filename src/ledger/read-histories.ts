import type { Backend } from "../backend/backend.ts";
import { concernsOneObject, LedgerError } from "../errors/ledger-error.ts";
import type { ForkOrigin } from "../journal/fork-origin.ts";
import { definitionOf } from "../journal/metric-glob.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { readRecord } from "../journal/run-state.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { RunContext } from "../run/run-context.ts";
import type { HistoryOptions } from "../series/history-options.ts";
import { isMetricField, notAKey } from "../journal/metric-field.ts";
import { readSeries } from "../series/read-series.ts";
import { sampleSeries } from "../series/downsample.ts";
import { isBounded, type Series, within } from "../series/series.ts";
import { alongside, pick } from "../series/x-axis.ts";
import { checkRunId, readRunCreated } from "./read-run.ts";

const forking = /* @__PURE__ */ onDemand(() => import("./fork-histories.ts"));

/** How the histories of a run are read. */
interface Source {
  readonly backend: Backend;
  readonly runId: string;
  readonly created: () => Promise<RunCreated>;
  /** Reads whole histories. */
  readonly read: (keys: readonly string[] | undefined, options: HistoryOptions) => Promise<Map<string, Series>>;
  /** For each point of a history that was read whether it is inherited. Absent if the run is no fork. */
  readonly marksOf?: (series: Series) => Float64Array;
}

/**
 * Returns the histories of a run, over another metric if `options.x` says so. Rejects with `RUN_NOT_FOUND`, and with
 * `INVALID_ARGUMENT` for a key such as `metrics.loss`, unless the run has a metric of this name.
 */
export async function readHistories(
  context: Pick<RunContext, "backend" | "onError">,
  runId: string,
  keys: readonly string[] | undefined,
  options: HistoryOptions,
): Promise<Map<string, Series>> {
  const histories = await readOwnOrForked(context, runId, keys, options);
  const isWhole = !isBounded(options);
  // In a range, a metric may have no points.
  const wrong = isWhole && keys?.find((key) => isMetricField(key) && !histories.has(key));
  if (wrong) throw notAKey("key", wrong);
  return histories;
}

async function readOwnOrForked(
  { backend, onError }: Pick<RunContext, "backend" | "onError">,
  runId: string,
  keys: readonly string[] | undefined,
  options: HistoryOptions,
): Promise<Map<string, Series>> {
  checkRunId(runId);
  let begun: Promise<RunCreated> | undefined;
  const created = (): Promise<RunCreated> => (begun ??= readRunCreated(backend, runId, options.signal));
  const source: Source = {
    backend,
    runId,
    created,
    read: (wanted, how) => readSeries(backend, runId, created, wanted, how),
  };
  // Both at once, because nearly no run is a fork.
  const [own, origin] = await Promise.all([readAll(source, keys, options), originOf(created, onError)]);
  if (origin === undefined) return own;
  const { ForkReader } = await forking();
  const reader = new ForkReader(backend, runId, origin, onError);
  const forked: Source = {
    ...source,
    read: async (wanted, how) => await reader.read(await source.read(wanted, how), wanted, how),
    marksOf: (series) => reader.marksOf(series),
  };
  return reader.withLost(await readAll(forked, keys, options), keys);
}

/**
 * Returns where the run was forked. If its beginning cannot be read, nobody knows: then its points are those that it
 * logged itself, and `onError` gets the error.
 */
async function originOf(
  created: () => Promise<RunCreated>,
  onError: RunContext["onError"],
): Promise<ForkOrigin | undefined> {
  try {
    return (await created()).forkOf;
  } catch (error) {
    if (!concernsOneObject(error)) throw error;
    // A run without it may have a document and points.
    if (error.code !== "RUN_NOT_FOUND") onError(error);
    return undefined;
  }
}

async function readAll(
  { backend, runId, created, read, marksOf }: Source,
  keys: readonly string[] | undefined,
  options: HistoryOptions,
): Promise<Map<string, Series>> {
  const { x, from, to, fromTime, toTime, samples, method = "minmax", ...rest } = options;
  const range = {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(fromTime !== undefined && { fromTime }),
    ...(toTime !== undefined && { toTime }),
  };
  if (x === undefined && marksOf === undefined) return await read(keys, options);
  const axisOf = await axesOf(backend, runId, created, keys, options);
  const axes = keys?.flatMap((key) => axisOf(key) ?? []);
  // Reads the axis from the beginning: its latest value may come from before the range.
  const how = x === undefined ? { ...rest, ...range } : rest;
  const all = await read(keys && [...new Set([...keys, ...(axes ?? [])])], how);
  const histories = new Map<string, Series>();
  for (const key of keys ?? all.keys()) {
    const whole = all.get(key);
    if (whole === undefined) continue;
    const cut = within(whole, range);
    if (cut.values.length === 0) continue;
    const { steps, times, values } = samples === undefined ? cut : sampleSeries(cut, samples, method);
    const series = { steps, times, values };
    const axis = axisOf(key);
    const along = x === undefined ? undefined : alongside(whole, axis === undefined ? undefined : all.get(axis));
    const inherited = marksOf && pick(whole, marksOf(whole), series).reduce((sum, mark) => sum + mark, 0);
    histories.set(key, {
      ...series,
      ...(along && { x: pick(whole, along, series) }),
      ...(inherited !== undefined && { inherited }),
    });
  }
  return histories;
}

/** Returns a function that returns the metric on the x axis of a key. */
async function axesOf(
  backend: Backend,
  runId: string,
  created: () => Promise<RunCreated>,
  keys: readonly string[] | undefined,
  { x, signal }: HistoryOptions,
): Promise<(key: string) => string | undefined> {
  if (x !== true) return () => x;
  const { record } = await readRecord(backend, runId, created, signal ? { signal } : {});
  const { metricDefinitions } = record;
  const axisOf = (key: string): string | undefined => definitionOf(key, metricDefinitions)?.stepMetric;
  const without = keys?.find((key) => axisOf(key) === undefined);
  if (without === undefined) return axisOf;
  const message =
    `x cannot be true, because ${JSON.stringify(without.slice(0, 100))} has no stepMetric: ` +
    "name a metric, or define it with defineMetric";
  throw new LedgerError("INVALID_ARGUMENT", message, { field: "x", received: "boolean" });
}
