import type { Point } from "../../journal/summary.ts";
import type { ExtremeColumns } from "../overview/bucket-columns.ts";
import type { Series } from "../series.ts";

/**
 * The extremes of the buckets as points in the order of the series, between the ends of the series if those are given. A
 * bucket whose lowest is its highest gives one point, one without numbers none; a point equal to the one before it in step,
 * time and value, as the end of a series is that is an extreme, is left out.
 */
export function candidatesOf(level: ExtremeColumns, ends?: { readonly first: Point; readonly last: Point }): Series {
  const size = 2 * level.buckets + 2;
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

  if (ends) push(ends.first.step, ends.first.time, ends.first.value);
  for (let b = 0; b < level.buckets; b++) {
    if (!level.has(b)) continue;
    const min = (): void =>
      push(level.minSteps[b] as number, level.minTimes[b] as number, level.minValues[b] as number);
    const max = (): void =>
      push(level.maxSteps[b] as number, level.maxTimes[b] as number, level.maxValues[b] as number);
    if (level.isOnePoint(b)) min();
    else if (level.minFirst[b] === 1) {
      min();
      max();
    } else {
      max();
      min();
    }
  }
  if (ends) push(ends.last.step, ends.last.time, ends.last.value);
  return { steps: steps.slice(0, length), times: times.slice(0, length), values: values.slice(0, length) };
}
