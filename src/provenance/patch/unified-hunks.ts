import { utf8Encoder } from "../../bytes/utf8.ts";
import { type LineChange, diffLines, splitLines } from "./line-diff.ts";

/** How many equal lines are shown around those that differ. */
const CONTEXT = 3;

/** Returns what differs between the lines of two texts, as hunks of a unified difference. */
export function unifiedHunks(old: Uint8Array, fresh: Uint8Array): Uint8Array[] {
  const [before, after] = [splitLines(old), splitLines(fresh)];
  const groups: LineChange[][] = [];
  for (const change of diffLines(before, after)) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (group && last && change.oldFrom - last.oldTo <= 2 * CONTEXT) group.push(change);
    else groups.push([change]);
  }
  return groups.flatMap((group) => hunk(before, after, group));
}

function hunk(before: readonly Uint8Array[], after: readonly Uint8Array[], group: readonly LineChange[]): Uint8Array[] {
  const first = group[0] as LineChange;
  const last = group.at(-1) as LineChange;
  const lead = Math.min(CONTEXT, first.oldFrom);
  const trail = Math.min(CONTEXT, before.length - last.oldTo);
  const oldFrom = first.oldFrom - lead;
  const newFrom = first.newFrom - lead;
  const oldCount = last.oldTo + trail - oldFrom;
  const newCount = last.newTo + trail - newFrom;
  const parts: Uint8Array[] = [utf8Encoder().encode(`@@ -${span(oldFrom, oldCount)} +${span(newFrom, newCount)} @@\n`)];
  const add = (sign: number, lines: readonly Uint8Array[]): void => {
    for (const line of lines) parts.push(withSign(sign, line));
  };
  let at = oldFrom;
  for (const change of group) {
    add(32, before.slice(at, change.oldFrom));
    add(45, before.slice(change.oldFrom, change.oldTo));
    add(43, after.slice(change.newFrom, change.newTo));
    at = change.oldTo;
  }
  add(32, before.slice(at, at + trail));
  return parts;
}

function span(from: number, count: number): string {
  return `${count === 0 ? from : from + 1},${count}`;
}

const NO_LINE_FEED: Uint8Array = /* @__PURE__ */ Uint8Array.from("\n\\ No newline at end of file\n", (character) =>
  character.charCodeAt(0),
);

function withSign(sign: number, line: Uint8Array): Uint8Array {
  const isEnded = line.at(-1) === 10;
  const bytes = new Uint8Array(1 + line.length + (isEnded ? 0 : NO_LINE_FEED.length));
  bytes[0] = sign;
  bytes.set(line, 1);
  if (!isEnded) bytes.set(NO_LINE_FEED, 1 + line.length);
  return bytes;
}
