import type { Series } from "./series.ts";

/** Larger values are scaled down, so that no area overflows. */
const HUGE = 1e200;
const SCALE = 2 ** -400;

/**
 * Returns the indices of `samples` points of a series, or of all if it has no more, by Largest Triangle Three Buckets
 * (S. Steinarsson, Downsampling Time Series for Visual Representation, 2013), with the step as x. They are the first
 * and the last point, and one point of each of `samples - 2` buckets of equal count between them: the point that forms
 * the largest triangle with the point chosen before it and the average of the next bucket, or the first of several such
 * points.
 *
 * Triangles and averages take the largest finite value for infinity and the smallest one for -infinity. Only the first
 * and the last value may be NaN; the calculation then takes the value next to it.
 */
export function lttb({ steps: x, values }: Series, samples: number): Uint32Array {
  const count = values.length;
  if (count <= samples) return Uint32Array.from(values.keys());
  const y = heights(values);
  const chosen = new Uint32Array(samples);
  const every = samples > 2 ? (count - 2) / (samples - 2) : 0;
  const start = (bucket: number): number => Math.min(count - 1, 1 + Math.floor(bucket * every));
  let anchor = 0;
  for (let bucket = 0; bucket < samples - 2; bucket++) {
    const from = start(bucket);
    // The last bucket always ends at the last point, even if rounding differs.
    const to = bucket === samples - 3 ? count - 1 : start(bucket + 1);
    const end = bucket >= samples - 4 ? (bucket === samples - 3 ? count : count - 1) : start(bucket + 2);
    let averageX = 0;
    let averageY = 0;
    for (let i = to; i < end; i++) {
      averageX += x[i] as number;
      averageY += y[i] as number;
    }
    averageX /= end - to;
    averageY /= end - to;

    const anchorX = x[anchor] as number;
    const anchorY = y[anchor] as number;
    let largest = -1;
    for (let i = from; i < to; i++) {
      const area = Math.abs(
        (anchorX - averageX) * ((y[i] as number) - anchorY) - (anchorX - (x[i] as number)) * (averageY - anchorY),
      );
      if (area > largest) {
        largest = area;
        anchor = i;
      }
    }
    chosen[bucket + 1] = anchor;
  }
  chosen[samples - 1] = count - 1;
  return chosen;
}

/** Returns finite values to calculate with. */
function heights(values: Float64Array): Float64Array {
  const y = Float64Array.from(values);
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of y) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (min > max) return y.fill(0);
  const scale = Math.max(-min, max) > HUGE ? SCALE : 1;
  const last = y.length - 1;
  for (let i = 0; i <= last; i++) y[i] = Math.max(min, Math.min(max, y[i] as number)) * scale;
  // Math.min and Math.max return NaN for NaN.
  if (Number.isNaN(y[0])) y[0] = y[1] as number;
  if (Number.isNaN(y[last])) y[last] = y[last - 1] as number;
  return y;
}
