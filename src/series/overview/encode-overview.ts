import type { Point } from "../../journal/summary.ts";
import { ByteSink } from "../../parquet/byte-sink.ts";
import { splitByteStreams } from "../../parquet/byte-stream-split.ts";
import { encodeDeltas } from "../../parquet/delta-encode.ts";
import { type RunDeflate, gzip, gzipBound } from "../../parquet/deflate/run-deflate.ts";
import { integerBounds } from "../../parquet/statistics.ts";
import type { Series } from "../series.ts";
import { COARSE_BUCKETS, type ExtremeColumns, mergeBuckets } from "./bucket-columns.ts";
import type { SeriesOverview } from "./overview-builder.ts";
import { shareOf } from "./share.ts";

/**
 * The parts of a block: the extremes at the coarser level, those at the finer one, and the rest of the buckets. Throws
 * `INVALID_ARGUMENT` for steps or times that are no safe integers.
 */
export function encodeOverview(
  { first, last, buckets }: SeriesOverview,
  deflate: RunDeflate,
): [Uint8Array, Uint8Array, Uint8Array] {
  const { extremes, nans, means, lastValues, lastSteps, lastTimes } = buckets;
  const shares = (values: Float64Array): Float64Array => values.map((value, b) => shareOf(extremes, b, value));
  return [
    encodeLevel(levelPoints(first, mergeBuckets(extremes, COARSE_BUCKETS), last), deflate),
    encodeLevel(levelPoints(first, extremes, last), deflate),
    pack([nans, shares(means), shares(lastValues), lastSteps, lastTimes], new Float64Array(0), deflate),
  ];
}

function encodeLevel({ steps, times, values }: Series, deflate: RunDeflate): Uint8Array {
  return pack([steps, times], values, deflate);
}

/** The first point of the series, two of each bucket in the order of the series, and the last point. */
export function levelPoints(first: Point, level: ExtremeColumns, last: Point): Series {
  const count = 2 * level.buckets + 2;
  const steps = new Float64Array(count);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  let at = 0;
  const push = (value: number, step: number, time: number): void => {
    values[at] = value;
    steps[at] = step;
    times[at++] = time;
  };
  push(first.value, first.step, first.time);
  for (let b = 0; b < level.buckets; b++) {
    if (!level.has(b)) {
      // Steps and times that take the fewest bits.
      for (let i = 0; i < 2; i++) push(Number.NaN, steps[at - 1]!, times[at - 1]!);
      continue;
    }
    const pushMin = (): void => push(level.minValues[b]!, level.minSteps[b]!, level.minTimes[b]!);
    if (level.minFirst[b] === 1) pushMin();
    push(level.maxValues[b]!, level.maxSteps[b]!, level.maxTimes[b]!);
    if (level.minFirst[b] === 0) pushMin();
  }
  push(last.value, last.step, last.time);
  return { steps, times, values };
}

/** Planes of values, then one page of integers. */
function pack(columns: readonly Float64Array[], values: Float64Array, deflate: RunDeflate): Uint8Array {
  const integers = Float64Array.from(columns.flatMap((column) => [...column]));
  const page = new ByteSink();
  page.ensure(8 * values.length);
  splitByteStreams(values, page.room, 0, values.length);
  page.index = 8 * values.length;
  encodeDeltas(integers, integerBounds([integers], Number.MAX_SAFE_INTEGER, "overview"), page);
  const bytes = page.written;
  const ends = [...Array.from({ length: 8 }, (_, plane) => (plane + 1) * values.length), bytes.length];
  const out = new Uint8Array(gzipBound(bytes.length, ends.length));
  return out.subarray(0, gzip(deflate, bytes, ends, out));
}
