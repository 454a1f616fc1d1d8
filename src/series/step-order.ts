/** How many points are sorted at once. */
const BLOCK = 4096;
/** How many points are compared between two yields. */
const PIECE = 65_536;
/** How many points are merged between two yields. They are all over the memory. */
const MERGED = 16_384;

/** Returns whether no step is less than the step before it. Yields where it may be interrupted. */
export function* isInStepOrderInPieces(steps: Float64Array): Generator<void, boolean, void> {
  for (let start = 0; start < steps.length; start += PIECE) {
    if (start > 0) yield;
    // The first step of the next piece, too.
    if (!isInStepOrder(steps.subarray(start, start + PIECE + 1))) return false;
  }
  return true;
}

export function isInStepOrder(steps: Float64Array): boolean {
  for (let i = 1; i < steps.length; i++) if ((steps[i] as number) < (steps[i - 1] as number)) return false;
  return true;
}

/**
 * Returns the indices of the steps in ascending order. Equal steps keep their order. Yields where it may be
 * interrupted.
 */
export function* stepOrderInPieces(steps: Float64Array): Generator<void, Uint32Array, void> {
  const { length } = steps;
  let order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  for (let start = 0; start < length; start += BLOCK) {
    const end = Math.min(start + BLOCK, length);
    if (isInStepOrder(steps.subarray(start, end))) continue;
    yield;
    order.subarray(start, end).sort((a, b) => (steps[a] as number) - (steps[b] as number) || a - b);
  }
  let other = new Uint32Array(length);
  for (let width = BLOCK; width < length; width *= 2) {
    for (let start = 0; start < length; start += 2 * width) {
      const middle = Math.min(start + width, length);
      const end = Math.min(middle + width, length);
      yield* merge(steps, order, other, start, middle, end);
      yield;
    }
    [order, other] = [other, order];
  }
  return order;
}

/** Merges `from[start, middle)` and `from[middle, end)`, which are in order, into `to[start, end)`. */
function* merge(
  steps: Float64Array,
  from: Uint32Array,
  to: Uint32Array,
  start: number,
  middle: number,
  end: number,
): Generator<void, void, void> {
  let left = start;
  let right = middle;
  for (let at = start; at < end;) {
    if (at > start) yield;
    const stop = Math.min(end, at + MERGED);
    for (; at < stop; at++) {
      const takesLeft =
        right >= end || (left < middle && (steps[from[left]!] as number) <= (steps[from[right]!] as number));
      to[at] = from[takesLeft ? left++ : right++]!;
    }
  }
}
