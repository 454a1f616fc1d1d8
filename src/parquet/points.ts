/** Points of one key in the order of the file, as parallel arrays. */
export interface ReadPoints {
  readonly steps: Float64Array;
  /** Milliseconds since the epoch. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** True if the steps are known to ascend, so that nobody needs to check. */
  readonly ascends?: boolean;
}

/** Which points are wanted. All bounds are inclusive; without bounds, all points are. */
export interface PointsRange {
  readonly fromStep?: number;
  readonly toStep?: number;
  readonly fromTime?: number;
  readonly toTime?: number;
}

/** Inclusive bounds of the steps and times of a range or of a row group. */
export interface Bounds {
  readonly minStep: number;
  readonly maxStep: number;
  readonly minTime: number;
  readonly maxTime: number;
}

export function boundsOf(range: PointsRange = {}): Bounds {
  return {
    minStep: range.fromStep ?? -Infinity,
    maxStep: range.toStep ?? Infinity,
    minTime: range.fromTime ?? -Infinity,
    maxTime: range.toTime ?? Infinity,
  };
}

export function overlap(a: Bounds, b: Bounds): boolean {
  return a.minStep <= b.maxStep && a.maxStep >= b.minStep && a.minTime <= b.maxTime && a.maxTime >= b.minTime;
}

/** Returns the points `[start, end)` as views of the same memory. */
export function viewPoints(points: ReadPoints, start: number, end: number): ReadPoints {
  const { steps, times, values, ascends } = points;
  if (start === 0 && end === values.length) return points;
  const cut = (column: Float64Array): Float64Array => column.subarray(start, end);
  return { steps: cut(steps), times: cut(times), values: cut(values), ...(ascends && { ascends }) };
}

export function copyPoints({ steps, times, values }: ReadPoints): ReadPoints {
  return { steps: steps.slice(), times: times.slice(), values: values.slice() };
}

/** Returns a copy of the points `[start, end)` that are inside `wanted`, or `undefined` if none is. */
export function selectPoints(all: ReadPoints, start: number, end: number, wanted: Bounds): ReadPoints | undefined {
  const { minStep, maxStep, minTime, maxTime } = wanted;
  const { steps, times } = all;
  const inside = (i: number): boolean =>
    steps[i]! >= minStep && steps[i]! <= maxStep && times[i]! >= minTime && times[i]! <= maxTime;
  let count = 0;
  for (let i = start; i < end; i++) if (inside(i)) count++;
  if (count === 0) return undefined;
  const found = emptyPoints(count);
  // As integers, so that a NaN keeps its payload.
  const from = new BigUint64Array(all.values.buffer, all.values.byteOffset, all.values.length);
  const to = new BigUint64Array(found.values.buffer);
  for (let i = start, at = 0; i < end; i++) {
    if (!inside(i)) continue;
    found.steps[at] = steps[i]!;
    found.times[at] = times[i]!;
    to[at++] = from[i]!;
  }
  return found;
}

/** Returns the parts joined in this order, or the part itself if there is only one. */
export function joinPoints(parts: readonly ReadPoints[]): ReadPoints {
  if (parts.length === 1) return parts[0] as ReadPoints;
  const joined = emptyPoints(parts.reduce((sum, { values }) => sum + values.length, 0));
  let at = 0;
  for (const { steps, times, values } of parts) {
    joined.steps.set(steps, at);
    joined.times.set(times, at);
    joined.values.set(values, at);
    at += values.length;
  }
  return joined;
}

export function emptyPoints(count: number): ReadPoints {
  return { steps: new Float64Array(count), times: new Float64Array(count), values: new Float64Array(count) };
}

/**
 * Reusable memory for points. `take` overwrites what it returned before. Fresh memory would cost as much as decoding
 * into it.
 */
export class Scratch {
  #points: ReadPoints = emptyPoints(0);

  take(count: number): ReadPoints {
    if (this.#points.values.length < count) this.#points = emptyPoints(count);
    const { steps, times, values } = this.#points;
    return { steps: steps.subarray(0, count), times: times.subarray(0, count), values: values.subarray(0, count) };
  }
}
