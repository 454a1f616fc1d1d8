/** Lines that differ: from and to in the old and in the new list. */
export interface LineChange {
  readonly oldFrom: number;
  readonly oldTo: number;
  readonly newFrom: number;
  readonly newTo: number;
}

/** With more differences than this, all lines between the first and the last difference count as changed. */
const MAX_DIFFERENCES = 1500;

/** Returns the lines with their line feeds. */
export function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < bytes.length;) {
    const at = bytes.indexOf(10, from);
    const to = at === -1 ? bytes.length : at + 1;
    lines.push(bytes.subarray(from, to));
    from = to;
  }
  return lines;
}

/** Returns what differs between two lists of lines, by Myers' algorithm. */
export function diffLines(before: readonly Uint8Array[], after: readonly Uint8Array[]): LineChange[] {
  const numbers = new Map<string, number>();
  const numbered = (lines: readonly Uint8Array[]): number[] =>
    lines.map((line) => {
      let key = "";
      for (const byte of line) key += String.fromCharCode(byte);
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      return number;
    });
  const a = numbered(before);
  const b = numbered(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const n = a.length - start - end;
  const m = b.length - start - end;
  if (n === 0 && m === 0) return [];
  const changes = myers(a, b, start, n, m) ?? [{ oldFrom: 0, oldTo: n, newFrom: 0, newTo: m }];
  return changes.map(({ oldFrom, oldTo, newFrom, newTo }) => ({
    oldFrom: oldFrom + start,
    oldTo: oldTo + start,
    newFrom: newFrom + start,
    newTo: newTo + start,
  }));
}

function myers(
  a: readonly number[],
  b: readonly number[],
  start: number,
  n: number,
  m: number,
): LineChange[] | undefined {
  const most = Math.min(n + m, MAX_DIFFERENCES);
  const middle = most + 1;
  const furthest = new Int32Array(2 * middle + 1);
  const trace: Int32Array[] = [];
  for (let d = 0; d <= most; d++) {
    trace.push(furthest.slice(middle - d - 1, middle + d + 2));
    for (let k = -d; k <= d; k += 2) {
      const isDown = k === -d || (k !== d && furthest[middle + k - 1]! < furthest[middle + k + 1]!);
      let x = isDown ? furthest[middle + k + 1]! : furthest[middle + k - 1]! + 1;
      while (x < n && x - k < m && a[start + x] === b[start + x - k]) x++;
      furthest[middle + k] = x;
      if (x >= n && x - k >= m) return backtrack(trace, n, m);
    }
  }
  return undefined;
}

function backtrack(trace: readonly Int32Array[], n: number, m: number): LineChange[] {
  const changes: LineChange[] = [];
  let x = n;
  let y = m;
  for (let d = trace.length - 1; d > 0; d--) {
    // The part of the row from diagonal -d - 1 on.
    const row = trace[d] as Int32Array;
    const at = (k: number): number => row[k + d + 1]!;
    const k = x - y;
    const isDown = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const from = isDown ? k + 1 : k - 1;
    const oldX = at(from);
    const oldY = oldX - from;
    const change = isDown
      ? { oldFrom: oldX, oldTo: oldX, newFrom: oldY, newTo: oldY + 1 }
      : { oldFrom: oldX, oldTo: oldX + 1, newFrom: oldY, newTo: oldY };
    const next = changes.at(-1);
    if (next && next.oldFrom === change.oldTo && next.newFrom === change.newTo)
      changes[changes.length - 1] = { ...change, oldTo: next.oldTo, newTo: next.newTo };
    else changes.push(change);
    x = oldX;
    y = oldY;
  }
  return changes.reverse();
}
