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

/** A median, and the range in which the median of all such values is with 95 % confidence. */
export interface MedianRange {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The median of some values and its confidence interval, by the ranks of the binomial distribution. */
export function medianRange(values: readonly number[]): MedianRange {
  const sorted = values.toSorted((a, b) => a - b);
  const reach = (1.96 * Math.sqrt(sorted.length)) / 2;
  const rank = (from: number): number => Math.max(0, Math.min(sorted.length - 1, Math.round(from)));
  const half = (sorted.length - 1) / 2;
  return { median: median(sorted), low: sorted[rank(half - reach)]!, high: sorted[rank(half + reach)]! };
}

/** {@link medianRange} of quotients as text: the median, and the interval in brackets. */
export function formatMedian({ median: middle, low, high }: MedianRange): string {
  return `${middle.toFixed(3)} (${low.toFixed(3)}-${high.toFixed(3)})`;
}
