import type { FileSide } from "./write-file-patch.ts";

/** The most lines of a file that are compared with other lines. */
const MAX_LINES = 100_000;
/** The most bytes of a binary file in a patch. They are searched for secrets. */
export const MAX_BINARY: number = 16 * 1024 * 1024;

/** Returns whether both sides are small enough to write the change of a file. */
export function isComparable(before: FileSide | undefined, after: FileSide | undefined): boolean {
  const sides = contentsOf(before, after);
  return isBinary(sides) ? sides.every(({ length }) => length <= MAX_BINARY) : sides.every((side) => hasFewLines(side));
}

/** Returns whether the change of a file may fit into `maxBytes`. Finds out without comparing lines. */
export function mayFit(before: FileSide | undefined, after: FileSide | undefined, maxBytes: number): boolean {
  const sides = contentsOf(before, after);
  const [a = 0, b = 0] = sides.map(({ length }) => length);
  return isBinary(sides) || Math.abs(a - b) <= maxBytes;
}

/** Returns the contents that differ. */
function contentsOf(before: FileSide | undefined, after: FileSide | undefined): Uint8Array[] {
  if (before?.id === after?.id) return [];
  return [before?.bytes, after?.bytes].filter((bytes) => bytes !== undefined);
}

function isBinary(sides: readonly Uint8Array[]): boolean {
  return sides.some((bytes) => bytes.includes(0));
}

function hasFewLines(bytes: Uint8Array): boolean {
  let lines = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) if (++lines > MAX_LINES) return false;
  return true;
}
