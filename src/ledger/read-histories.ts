import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { definitionOf } from "../journal/metric-glob.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { readRecord } from "../journal/run-state.ts";
import type { HistoryOptions } from "../series/history-options.ts";
import { isMetricField, notAKey } from "../journal/metric-field.ts";
import { readSeries } from "../series/read-series.ts";
import { sampleSeries } from "../series/downsample.ts";
import { type Series, within } from "../series/series.ts";
import { alongside, pick } from "../series/x-axis.ts";
import { checkRunId, readRunCreated } from "./read-run.ts";

/**
 * Returns the histories of a run, over another metric if `options.x` says so. Rejects with `RUN_NOT_FOUND`, and with
 * `INVALID_ARGUMENT` for a key such as `metrics.loss`, unless the run has a metric of this name.
 */
export async function readHistories(
  backend: Backend,
  runId: string,
  keys: readonly string[] | undefined,
  options: HistoryOptions,
): Promise<Map<string, Series>> {
  const histories = await readAll(backend, runId, keys, options);
  const { from, to, fromTime, toTime } = options;
  // In a range, a metric may have no points.
  const isWhole = [from, to, fromTime, toTime].every((bound) => bound === undefined);
  const wrong = isWhole && keys?.find((key) => isMetricField(key) && !histories.has(key));
  if (wrong) throw notAKey("key", wrong);
  return histories;
}

async function readAll(
  backend: Backend,
  runId: string,
  keys: readonly string[] | undefined,
  options: HistoryOptions,
): Promise<Map<string, Series>> {
  checkRunId(runId);
  const created = (): Promise<RunCreated> => readRunCreated(backend, runId, options.signal);
  const { x, from, to, fromTime, toTime, samples, method = "minmax", ...rest } = options;
  const read = (wanted: readonly string[] | undefined, how: HistoryOptions): Promise<Map<string, Series>> =>
    readSeries(backend, runId, created, wanted, how);
  if (x === undefined) return await read(keys, options);

  const { record } = await readRecord(backend, runId, created, options.signal ? { signal: options.signal } : {});
  const { metricDefinitions } = record;
  const axisOf = (key: string): string | undefined =>
    x === true ? definitionOf(key, metricDefinitions)?.stepMetric : x;
  if (x === true && keys !== undefined) {
    const without = keys.find((key) => axisOf(key) === undefined);
    if (without !== undefined) {
      const message =
        `x cannot be true, because ${JSON.stringify(without.slice(0, 100))} has no stepMetric: ` +
        "name a metric, or define it with defineMetric";
      throw new LedgerError("INVALID_ARGUMENT", message, { field: "x", received: "boolean" });
    }
  }
  const axes = keys?.flatMap((key) => axisOf(key) ?? []);
  // Reads the axis from the beginning: its latest value may come from before the range.
  const all = await read(keys && [...new Set([...keys, ...(axes ?? [])])], rest);
  const range = {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(fromTime !== undefined && { fromTime }),
    ...(toTime !== undefined && { toTime }),
  };
  const histories = new Map<string, Series>();
  for (const key of keys ?? all.keys()) {
    const whole = all.get(key);
    if (whole === undefined) continue;
    const axis = axisOf(key);
    const values = alongside(whole, axis === undefined ? undefined : all.get(axis));
    const cut = within(whole, range);
    if (cut.values.length === 0) continue;
    const series = samples === undefined ? cut : sampleSeries(cut, samples, method);
    histories.set(key, { ...series, x: pick(whole, values, series) });
  }
  return histories;
}
