/** How many items are sorted at once, and how many are merged between two yields. */
const PIECE = 2048;

/** Returns a sorted copy of a list. Equal items keep their order. Yields where it may be interrupted. */
export function* sortInPieces<T>(items: readonly T[], compare: (a: T, b: T) => number): Generator<void, T[], void> {
  let sorted: T[] = [];
  for (let at = 0; at < items.length; at += PIECE) {
    if (at > 0) yield;
    for (const item of items.slice(at, at + PIECE).sort(compare)) sorted.push(item);
  }
  for (let width = PIECE; width < items.length; width *= 2) {
    const merged: T[] = [];
    for (let start = 0; start < sorted.length; start += 2 * width) {
      const middle = Math.min(start + width, sorted.length);
      const end = Math.min(middle + width, sorted.length);
      let left = start;
      let right = middle;
      while (left < middle || right < end) {
        const takesLeft = right >= end || (left < middle && compare(sorted[left] as T, sorted[right] as T) <= 0);
        merged.push(sorted[takesLeft ? left++ : right++] as T);
        if (merged.length % PIECE === 0) yield;
      }
    }
    sorted = merged;
  }
  return sorted;
}
