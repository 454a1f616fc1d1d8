/** The middle one of some numbers, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** What a share `p` of the sorted values does not exceed. */
export function percentile(sorted: Float64Array, p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * p) - 1)]!;
}

/** The quotients of what was measured in the same round: their median, least and greatest. */
export function ratio(
  ours: readonly number[],
  theirs: readonly number[],
): { median: number; least: number; greatest: number } {
  const quotients = ours.map((value, i) => value / theirs[i]!);
  return { median: median(quotients), least: Math.min(...quotients), greatest: Math.max(...quotients) };
}

/** {@link ratio} as text: the median, and the least and the greatest in brackets. */
export function rangeOf(ours: readonly number[], theirs: readonly number[]): string {
  const { median: middle, least, greatest } = ratio(ours, theirs);
  return `${middle.toFixed(3)} (${least.toFixed(3)}-${greatest.toFixed(3)})`;
}
