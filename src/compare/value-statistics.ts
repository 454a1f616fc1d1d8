/** Up to this many values are sorted by insertion. */
const FEW = 24;
/** Beyond these sizes, squares overflow or vanish, so values are multiplied by a power of two first. */
const LARGE = 1e150;
const SMALL = 1e-150;
const POWER = 2 ** 1000;

/** The mean and the standard deviation of some numbers. */
export interface Moments {
  readonly mean: number;
  /** With n - 1. NaN for a single value, and if a value is infinite. */
  readonly std: number;
}

/** Sorts the first `count` numbers in place. None of them is NaN. */
export function sortNumbers(values: Float64Array, count: number): void {
  if (count > FEW) {
    values.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const value = values[i]!;
    let at = i;
    for (; at > 0 && values[at - 1]! > value; at--) values[at] = values[at - 1]!;
    values[at] = value;
  }
}

/** Returns the moments of the first `count` numbers, which ascend. There is at least one, and none is NaN. */
export function momentsOf(sorted: Float64Array, count: number): Moments {
  const first = sorted[0]!;
  const last = sorted[count - 1]!;
  if (first === -Infinity || last === Infinity)
    return { mean: first === -last ? Number.NaN : first === -Infinity ? first : last, std: Number.NaN };
  if (first === last) return { mean: first, std: count === 1 ? Number.NaN : 0 };
  const size = Math.max(-first, last);
  const scale = size > LARGE ? 1 / POWER : size < SMALL ? POWER : 1;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += sorted[i]! * scale;
  const rough = sum / count;
  let rest = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const difference = sorted[i]! * scale - rough;
    rest += difference;
    squares += difference * difference;
  }
  const mean = (rough + rest / count) / scale;
  return {
    mean: Math.min(Math.max(mean, first), last),
    std: Math.sqrt(Math.max(0, squares - (rest * rest) / count) / (count - 1)) / scale,
  };
}

/**
 * Returns a quantile of the first `count` numbers, which ascend: linear between the two nearest values (type 7 of
 * Hyndman and Fan, the default of numpy and R). There is at least one number.
 */
export function quantileOf(sorted: Float64Array, count: number, q: number): number {
  const place = (count - 1) * q;
  const below = Math.floor(place);
  const part = place - below;
  const value = sorted[below]!;
  const next = sorted[Math.min(below + 1, count - 1)]!;
  return part === 0 || value === next ? value : value * (1 - part) + next * part;
}
