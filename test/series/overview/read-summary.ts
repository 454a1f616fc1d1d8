import type { Point } from "../../../src/journal/metric-summary.ts";
import type { Series } from "../../../src/series/series.ts";
import { BUCKETS, ExtremeColumns, type LevelPoints } from "../../../src/series/overview/buckets.ts";
import { type OverviewReader, decodeExtremes, unpack } from "../../../src/series/overview/overview-reader.ts";
import type { SeriesOverview } from "../../../src/series/overview/overview-builder.ts";

/**
 * All that is stored of a series. `means` and `lastValues` are rounded to a 65,534th of the range of their bucket, and
 * NaN where there is no number or no finite range. `CORRUPT` if the bytes are not those that were written.
 */
export async function readSummary(file: OverviewReader, key: string): Promise<SeriesOverview | undefined> {
  return await file.read(key, 1, 3, (n, take) => decodeOverview(n, take(), take()));
}

/**
 * All that is stored of a series, from its second and third part. Means and last values are rounded to a 65,534th of
 * the range of their bucket, and NaN where no number or no finite range is known.
 */
export function decodeOverview(n: number, finePart: Uint8Array, restPart: Uint8Array): SeriesOverview {
  const { points, nans } = decodeExtremes(n, BUCKETS, finePart);
  const { steps, times, values: extremeValues } = points;
  const point = (i: number): Point => ({ value: extremeValues[i]!, step: steps[i]!, time: times[i]! });
  const extremes = columnsOf(points, nans);
  const integers = unpack(restPart, new Float64Array(0), 5 * BUCKETS);
  const column = (i: number): Float64Array => integers.subarray(i * BUCKETS, (i + 1) * BUCKETS);
  const values = (i: number): Float64Array => column(i).map((share, b) => atShare(extremes, b, share));
  return {
    n,
    first: point(0),
    last: point(steps.length - 1),
    buckets: {
      extremes,
      nans: column(0),
      means: values(1),
      lastValues: values(2),
      lastSteps: column(3),
      lastTimes: column(4),
    },
  };
}

function columnsOf({ steps, times, values }: Series, nans: LevelPoints["nans"]): ExtremeColumns {
  const level = new ExtremeColumns(BUCKETS);
  nans.places.forEach((place, i) => {
    level.setNaN(Math.floor(place / 3), place % 3, nans.steps[i]!, nans.times[i]!);
  });
  for (let b = 0; b < BUCKETS; b++) {
    const at = 2 * b + 1;
    if (Number.isNaN(values[at])) {
      level.setNaN(b, 0, steps[at]!, times[at]!);
      continue;
    }
    const minFirst = values[at]! <= values[at + 1]! ? 1 : 0;
    level.minFirst[b] = minFirst;
    level.copyMin(b, values, steps, times, at + 1 - minFirst);
    level.copyMax(b, values, steps, times, at + minFirst);
  }
  return level;
}

const UNKNOWN = 65535;
const FINEST = 65534;

/** What a share stands for; NaN for one that could not be told. */
function atShare(extremes: ExtremeColumns, b: number, share: number): number {
  if (share === UNKNOWN) return Number.NaN;
  const min = extremes.minValues[b]!;
  return min + (extremes.maxValues[b]! - min) * (share / FINEST);
}
