import { gunzip } from "#gunzip";
import type { Point } from "../../journal/summary.ts";
import { decodeDelta } from "../../parquet/delta-decode.ts";
import { joinPlanes } from "../../parquet/fixed-decode.ts";
import { BUCKETS, ExtremeColumns } from "./bucket-columns.ts";
import type { Series } from "../series.ts";
import type { Extremes, Level } from "./extremes.ts";
import type { SeriesOverview } from "./overview-builder.ts";
import { atShare } from "./share.ts";

/** What a part may inflate to. No part that a writer makes comes near it. */
const MOST_BYTES = 65_536;

/** The extremes of a series of `n` points from the part that holds this level, whose checksum was compared. Throws any error for what is none. */
export function decodeExtremes(n: number, buckets: Level, part: Uint8Array): Extremes {
  const count = 2 * buckets + 2;
  const values = new Float64Array(count);
  const integers = unpack(part, 2 * count, values);
  return { n, buckets, points: { steps: integers.subarray(0, count), times: integers.subarray(count), values } };
}

/**
 * All that is stored of a series, from its second and third part. Means and last values are rounded to a 65,534th of the
 * range of their bucket, and NaN where no number or no finite range is known.
 */
export function decodeOverview(n: number, finePart: Uint8Array, restPart: Uint8Array): SeriesOverview {
  const { points } = decodeExtremes(n, BUCKETS, finePart);
  const { steps, times, values: extremeValues } = points;
  const point = (i: number): Point => ({ value: extremeValues[i]!, step: steps[i]!, time: times[i]! });
  const extremes = columnsOf(points);
  const integers = unpack(restPart, 5 * BUCKETS, new Float64Array(0));
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

function columnsOf({ steps, times, values }: Series): ExtremeColumns {
  const level = new ExtremeColumns(BUCKETS);
  for (let b = 0; b < BUCKETS; b++) {
    const at = 2 * b + 1;
    if (Number.isNaN(values[at])) continue;
    const minFirst = values[at]! <= values[at + 1]! ? 1 : 0;
    level.minFirst[b] = minFirst;
    level.copyMin(b, values, steps, times, at + 1 - minFirst);
    level.copyMax(b, values, steps, times, at + minFirst);
  }
  return level;
}

/** Fills `values`, and returns the integers behind them. */
function unpack(part: Uint8Array, count: number, values: Float64Array): Float64Array {
  // Behind a gzip member stands how much is in it.
  const size = new DataView(part.buffer, part.byteOffset + part.length - 4, 4).getUint32(0, true);
  if (size > MOST_BYTES) throw new RangeError("a part is too large");
  const bytes = gunzip(part, size, true);
  const planes = 8 * values.length;
  joinPlanes(bytes.subarray(0, planes), values, 0, values.length);
  const integers = new Float64Array(count);
  decodeDelta(bytes.subarray(planes), integers, 0, count);
  return integers;
}
