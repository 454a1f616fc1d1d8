/** Points of a run, by what they are aligned by. */
export interface AlignedRun {
  /** Ascending, each value once, without NaN. */
  readonly x: Float64Array;
  readonly values: Float64Array;
}

/** How many points are worked on between two yields. */
const PIECE = 16_384;

/**
 * Returns the points of a run in the order of `x`. Of several points with the same x, the last one counts. Points whose
 * x is NaN are left out. Yields where it may be interrupted.
 */
export function* alignRun(x: Float64Array, values: Float64Array): Generator<void, AlignedRun, void> {
  let ascends = 0;
  while (ascends < x.length && (ascends === 0 ? !Number.isNaN(x[0]) : x[ascends]! > x[ascends - 1]!)) ascends++;
  if (ascends === x.length) return { x, values };
  yield;
  const own = new Float64Array(x.length);
  const kept = new Float64Array(x.length);
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    if (i % PIECE === PIECE - 1) yield;
    const at = x[i]!;
    if (Number.isNaN(at)) continue;
    const last = own[count - 1];
    if (count > 0 && at < last!) return yield* alignUnordered(x, values);
    if (count === 0 || at !== last) own[count++] = at;
    kept[count - 1] = values[i]!;
  }
  return { x: own.subarray(0, count), values: kept.subarray(0, count) };
}

function* alignUnordered(x: Float64Array, values: Float64Array): Generator<void, AlignedRun, void> {
  const latest = new Map<number, number>();
  const pieces: Float64Array[] = [];
  for (let from = 0; from < x.length; from += PIECE) {
    yield;
    const piece = x.slice(from, from + PIECE).sort();
    // NaN is at the end of what was sorted.
    let end = piece.length;
    while (end > 0 && Number.isNaN(piece[end - 1])) end--;
    pieces.push(withoutRepeats(piece.subarray(0, end)));
    for (let i = from; i < Math.min(from + PIECE, x.length); i++) latest.set(x[i]!, values[i]!);
  }
  const own = yield* mergeAxes(pieces);
  const kept = new Float64Array(own.length);
  for (let i = 0; i < own.length; i++) {
    if (i % PIECE === PIECE - 1) yield;
    kept[i] = latest.get(own[i]!)!;
  }
  return { x: own, values: kept };
}

function withoutRepeats(sorted: Float64Array): Float64Array {
  let count = 0;
  for (const value of sorted) if (count === 0 || value !== sorted[count - 1]) sorted[count++] = value;
  return sorted.subarray(0, count);
}

/** Returns every value of some ascending lists once, ascending. Takes n log k for n values in k lists. */
export function* mergeAxes(axes: readonly Float64Array[]): Generator<void, Float64Array, void> {
  let level = [...axes];
  while (level.length > 1) {
    const next: Float64Array[] = [];
    for (let i = 0; i < level.length; i += 2)
      next.push(i + 1 < level.length ? yield* mergeTwo(level[i]!, level[i + 1]!) : level[i]!);
    level = next;
  }
  return level[0] ?? new Float64Array(0);
}

function* mergeTwo(a: Float64Array, b: Float64Array): Generator<void, Float64Array, void> {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  let same = 0;
  while (same < short.length && short[same] === long[same]) same++;
  yield;
  if (same === short.length) return long;
  const merged = new Float64Array(a.length + b.length);
  let [i, j, count] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    if (count % PIECE === PIECE - 1) yield;
    const takesA = j === b.length || (i < a.length && a[i]! <= b[j]!);
    const takesB = i === a.length || (j < b.length && b[j]! <= a[i]!);
    merged[count++] = takesA ? a[i]! : b[j]!;
    if (takesA) i++;
    if (takesB) j++;
  }
  return merged.slice(0, count);
}

/** Returns the place of each value of `x` in `all`. Both ascend, and `all` has every value of `x`. */
export function* placesIn(all: Float64Array, x: Float64Array): Generator<void, Uint32Array, void> {
  const places = new Uint32Array(x.length);
  let at = 0;
  for (let i = 0; i < x.length; i++) {
    if (i % PIECE === PIECE - 1) yield;
    const value = x[i]!;
    if (all[at] !== value) {
      // Doubles the stride, then halves the range, so that a short run in a long union costs little.
      let stride = 1;
      while (at + stride < all.length && all[at + stride]! < value) stride *= 2;
      let low = at + (stride >> 1);
      let high = Math.min(at + stride, all.length - 1);
      while (low < high) {
        const middle = (low + high) >> 1;
        if (all[middle]! < value) low = middle + 1;
        else high = middle;
      }
      at = low;
    }
    places[i] = at++;
  }
  return places;
}
