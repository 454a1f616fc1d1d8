import type { Series } from "./series.ts";

/**
 * Values of another metric for each point of a series, both in step order: of those at the same step the one that stands
 * there as often, the last one if there are fewer; else the latest at a lower step; NaN where there is none yet.
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

/** Values that belong to all points, for some of them: `some` are points of `all`, in the same order. */
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
