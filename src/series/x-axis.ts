import type { Series } from "./series.ts";

/**
 * Returns a value of another metric for each point of a series. Both are in step order. The n-th point of a step gets
 * the n-th value of the other metric at that step, or the last one if there are fewer. Without a value at that step,
 * the point gets the latest value at a lower step, or NaN if there is none.
 */
export function alongside({ steps }: Series, other: Series | undefined): Float64Array {
  const x = new Float64Array(steps.length).fill(Number.NaN);
  if (other === undefined) return x;
  let at = 0;
  for (let i = 0; i < steps.length;) {
    const step = steps[i] as number;
    while (at < other.steps.length && (other.steps[at] as number) < step) at++;
    const first = at;
    while (at < other.steps.length && other.steps[at] === step) at++;
    for (let nth = 0; i < steps.length && steps[i] === step; i++, nth++) {
      const from = first < at ? Math.min(first + nth, at - 1) : first - 1;
      if (from >= 0) x[i] = other.values[from] as number;
    }
  }
  return x;
}

/** Returns those values of `x` that belong to the points in `some`. `x` has a value for each point of `all`. */
export function pick(all: Series, x: Float64Array, some: Series): Float64Array {
  const picked = new Float64Array(some.steps.length);
  for (let i = 0, at = 0; i < picked.length; i++, at++) {
    const isSame = (): boolean =>
      all.steps[at] === some.steps[i] && all.times[at] === some.times[i] && Object.is(all.values[at], some.values[i]);
    while (at < x.length && !isSame()) at++;
    picked[i] = x[at] as number;
  }
  return picked;
}
