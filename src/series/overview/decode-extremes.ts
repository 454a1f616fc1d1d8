import { gunzip } from "#gunzip";
import { decodeDelta } from "../../parquet/delta-decode.ts";
import { joinPlanes } from "../../parquet/byte-stream-split.ts";
import type { Extremes, Level } from "./extremes.ts";

/** What a part may inflate to. No part that a writer makes comes near it. */
const MOST_BYTES = 65_536;

/** The extremes of a series of `n` points from the part that holds this level, whose checksum was compared. Throws any error for what is none. */
export function decodeExtremes(n: number, buckets: Level, part: Uint8Array): Extremes {
  const count = 2 * buckets + 2;
  const values = new Float64Array(count);
  const integers = unpack(part, 2 * count, values);
  return { n, buckets, points: { steps: integers.subarray(0, count), times: integers.subarray(count), values } };
}

/** Fills `values`, and returns the integers behind them. */
export function unpack(part: Uint8Array, count: number, values: Float64Array): Float64Array {
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
