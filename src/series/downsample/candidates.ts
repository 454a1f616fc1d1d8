import type { Point } from "../../journal/summary.ts";
import type { ExtremeColumns } from "../overview/bucket-columns.ts";
import type { Series } from "../series.ts";

/**
 * The extremes of groups of buckets as points in the order of the series, between the ends of the series if those are given.
 * `startOf` gives the first bucket of a group, and behind the last group the end. A group whose lowest is its highest gives one
 * point, one without numbers none; a point equal to the one before it in step, time and value, as the end of a series is that
 * is an extreme, is left out.
 */
export function candidatesOf(
  level: ExtremeColumns,
  groups: number,
  startOf: (group: number) => number,
  ends: { readonly first: Point; readonly last: Point } | undefined,
): Series {
  const { minValues, maxValues, minFirst } = level;
  const size = 2 * groups + 2;
  const steps = new Float64Array(size);
  const times = new Float64Array(size);
  const values = new Float64Array(size);
  let length = 0;
  const push = (step: number, time: number, value: number): void => {
    if (length > 0 && steps[length - 1] === step && times[length - 1] === time && Object.is(values[length - 1], value))
      return;
    steps[length] = step;
    times[length] = time;
    values[length++] = value;
  };
  const pushMin = (b: number): void => push(level.minSteps[b]!, level.minTimes[b]!, minValues[b]!);
  const pushMax = (b: number): void => push(level.maxSteps[b]!, level.maxTimes[b]!, maxValues[b]!);

  if (ends) push(ends.first.step, ends.first.time, ends.first.value);
  for (let group = 0, from = 0; group < groups; group++) {
    const to = startOf(group + 1);
    let min = -1;
    let max = -1;
    for (let b = from; b < to; b++) {
      if (!level.has(b)) continue;
      if (min < 0 || minValues[b]! < minValues[min]!) min = b;
      if (max < 0 || maxValues[b]! > maxValues[max]!) max = b;
    }
    from = to;
    if (min < 0) continue;
    if (minValues[min] === maxValues[max]) pushMin(min);
    else if (min < max || (min === max && minFirst[min] === 1)) {
      pushMin(min);
      pushMax(max);
    } else {
      pushMax(max);
      pushMin(min);
    }
  }
  if (ends) push(ends.last.step, ends.last.time, ends.last.value);
  return { steps: steps.slice(0, length), times: times.slice(0, length), values: values.slice(0, length) };
}
