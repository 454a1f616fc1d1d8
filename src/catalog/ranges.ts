/** Bytes of an object, from `start` up to before `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Bytes that are rather read than left out, as a request of their own takes longer. */
const NEAR_BYTES = 65_536;

/** Ranges that cover all of `wanted`: those near to each other as one, and at most `most`, joined across the smallest gaps. */
export function planRanges(wanted: readonly Range[], most: number): Range[] {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of wanted.toSorted((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last !== undefined && start - last.end <= NEAR_BYTES) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  const gaps = joined
    .slice(1)
    .map(({ start }, i) => ({ at: i + 1, bytes: start - joined[i]!.end }))
    .sort((a, b) => b.bytes - a.bytes || a.at - b.at);
  const kept = new Set(gaps.slice(0, Math.max(0, most - 1)).map(({ at }) => at));
  return joined.reduce<{ start: number; end: number }[]>((ranges, range, i) => {
    const last = ranges.at(-1);
    if (last === undefined || kept.has(i)) ranges.push({ ...range });
    else last.end = range.end;
    return ranges;
  }, []);
}
