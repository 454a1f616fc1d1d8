import { type GroupLayout, hasManyKeys } from "./metrics-footer.ts";
import { COLUMNS } from "./metrics-schema.ts";

/**
 * Reading a gap of at most this many bytes costs less than another request. Such gaps are the keys of row groups that
 * have one key.
 */
const MAX_GAP = 4096;

/** A stretch of the file to read at once, and the row groups in it. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly GroupLayout[];
}

/** Joins neighbouring row groups into spans of at most `limit` bytes. A longer row group is a span of its own. */
export function planSpans(groups: readonly GroupLayout[], limit: number): Span[] {
  const spans: { start: number; end: number; groups: GroupLayout[] }[] = [];
  for (const group of groups) {
    const { start, end } = groupSpan(group);
    const last = spans.at(-1);
    if (last !== undefined && start - last.end <= MAX_GAP && end - last.start <= limit) {
      last.end = end;
      last.groups.push(group);
    } else spans.push({ start, end, groups: [group] });
  }
  return spans;
}

/** Returns the bytes to read for the points of a row group. If all rows have one key, the statistics show it. */
function groupSpan(group: GroupLayout): { start: number; end: number } {
  const needed = COLUMNS.filter((name) => name !== "key" || hasManyKeys(group)).map((name) => group.chunks[name]);
  return { start: Math.min(...needed.map(({ start }) => start)), end: Math.max(...needed.map(({ end }) => end)) };
}
