import type { Backend, CallOptions } from "../backend/backend.ts";
import type { MetricsEntry } from "../journal/compacted.ts";
import { runPrefix } from "../journal/run-created.ts";
import { levelFor } from "./downsample/method.ts";
import { sampleExtremes } from "./downsample/sample.ts";
import type { SampleMethod } from "./downsample/method.ts";
import { openOverview } from "./overview/overview-file.ts";
import { rangeReader } from "./open-metrics.ts";
import type { Series } from "./series.ts";

/** Beyond it the whole series is needed. */
const MOST_SAMPLES = 1000;

/** Samples of those keys that have an overview which is fine enough. */
export async function readOverviews(
  backend: Backend,
  runId: string,
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
  await Promise.all(
    [...(wanted ?? file.keys())].map(async (each) => {
      const level = levelFor(file.count(each) ?? 0, samples, method);
      const extremes = level && (await file.extremes(each, level));
      if (extremes) found.set(each, sampleExtremes(extremes, samples, method));
    }),
  );
  return found;
}
