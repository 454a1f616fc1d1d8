import { pickPoints, type Series } from "../series.ts";

/**
 * The lowest and the highest point of each group of a series, in its order, between its ends if those are wanted: of one whose lowest
 * is its highest that point, of one without numbers none. A point equal to the one before it in step, time and value, as the end of a
 * series is that is an extreme, is left out. `startOf` gives the first point of a group, and behind the last group the end.
 */
export function extremePoints(
  series: Series,
  groups: number,
  startOf: (group: number) => number,
  withEnds: boolean,
): Series {
  const { steps, times, values } = series;
  const chosen = new Uint32Array(2 * groups + 2);
  let length = 0;
  const push = (i: number): void => {
    if (length > 0) {
      const before = chosen[length - 1]!;
      if (steps[before] === steps[i] && times[before] === times[i] && Object.is(values[before], values[i])) return;
    }
    chosen[length++] = i;
  };

  if (withEnds) push(0);
  for (let group = 0, from = startOf(0); group < groups; group++) {
    const to = startOf(group + 1);
    let min = Number.NaN;
    let max = Number.NaN;
    let minAt = -1;
    let maxAt = -1;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (value !== value) continue;
      // No comparison with the NaN of a group without numbers holds.
      if (!(value >= min)) {
        min = value;
        minAt = i;
      }
      if (!(value <= max)) {
        max = value;
        maxAt = i;
      }
    }
    from = to;
    if (minAt < 0) continue;
    push(Math.min(minAt, maxAt));
    if (min !== max) push(Math.max(minAt, maxAt));
  }
  if (withEnds) push(values.length - 1);
  return pickPoints(series, chosen.subarray(0, length));
}
