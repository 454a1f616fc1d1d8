import { type GroupLayout, hasManyKeys } from "./metrics-footer.ts";
import { COLUMNS } from "./metrics-schema.ts";

/** Bytes that are rather read than left out, as a request of their own costs more: the keys of a row group with one key. */
const MAX_GAP = 4096;

/** Bytes to read at once, and the row groups in them. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly GroupLayout[];
}

/** Joins row groups that touch into spans of at most `limit` bytes; a row group is never parted. */
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

/** The bytes to read for the points of a row group. A key all rows have is known from the statistics. */
function groupSpan(group: GroupLayout): { start: number; end: number } {
  const needed = COLUMNS.filter((name) => name !== "key" || hasManyKeys(group)).map((name) => group.chunks[name]);
  return { start: Math.min(...needed.map(({ start }) => start)), end: Math.max(...needed.map(({ end }) => end)) };
}
