import { PendingPicture } from "../media/canvas.ts";
import { isArrayBuffer, isBlob, isDataView, isDate, isPlainObject } from "../platform/any-realm.ts";

/** Members that an input may inherit: those of an `ImageData` are getters of its class. */
const MEMBERS = ["data", "width", "height", "channels", "counts", "edges"];
/** The depth of the cells of a table. No valid input is nested deeper. */
const LEVELS = 2;

/** The prototype of all typed arrays. Its methods also work on those of other realms. */
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;

/**
 * Returns a copy of an argument, so that the caller may change the argument right after the call. Copies numbers, cells
 * and bytes, and the members of an object, whose class stays. Copies wrong input as well: the check of the copy refuses
 * it with the same message. `take` gets the number of bytes before they are copied, and may throw.
 */
export function copyInput(input: unknown, take: (bytes: number) => void): unknown {
  if (typeof input !== "object" || input === null || isPart(input)) return copyPart(input, take, LEVELS);
  if (input instanceof PendingPicture) {
    take(4 * input.width * input.height);
    return input;
  }
  // Blobs do not change.
  if (isBlob(input)) {
    take(input.size);
    return input;
  }
  if (isArrayBuffer(input)) {
    take(input.byteLength);
    return input.slice(0);
  }
  const copy = Object.create(Object.getPrototypeOf(input)) as object;
  for (const name of new Set([...Object.keys(input), ...MEMBERS.filter((member) => member in input)])) {
    const value = copyPart((input as Record<string, unknown>)[name], take, LEVELS);
    // An assignment to `__proto__` would change the prototype.
    Object.defineProperty(copy, name, { value, enumerable: true });
  }
  return copy;
}

function isPart(value: object): boolean {
  return Array.isArray(value) || ArrayBuffer.isView(value) || isDate(value);
}

function copyPart(value: unknown, take: (bytes: number) => void, levels: number): unknown {
  if (typeof value === "string") take(2 * value.length);
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value) && !isDataView(value)) {
    take(value.byteLength);
    // The slice() of Node's Buffer does not copy.
    return typedArray.slice.call(value);
  }
  // Rows first: to ask one whether it is a Date throws an exception inside, which takes microseconds.
  if (levels > 0 && Array.isArray(value)) return copyList(value, take, levels - 1);
  if (levels > 0 && isPlainObject(value)) return copyRow(value, take);
  return isDate(value) ? new Date(value) : value;
}

function copyList(list: readonly unknown[], take: (bytes: number) => void, levels: number): unknown[] {
  take(8 * list.length);
  // Copies all cells at once and then looks for those that may change: a table may have a million.
  const copy = list.slice();
  copyChanging(copy, take, (i, cell) => (copy[i] = copyPart(cell, take, levels)));
  return copy;
}

/** Copies a row of a table that is an object. */
function copyRow(row: object, take: (bytes: number) => void): object {
  const copy: Record<string, unknown> = { ...row };
  const cells = Object.values(copy);
  take(8 * cells.length);
  let keys: readonly string[] | undefined;
  copyChanging(cells, take, (i, cell) => {
    keys ??= Object.keys(copy);
    // An assignment to `__proto__` would change the prototype.
    Object.defineProperty(copy, keys[i]!, { value: copyPart(cell, take, 0) });
  });
  return copy;
}

/** Calls `copy` for each cell that is an object, and `take` with the bytes of the texts. */
function copyChanging(
  cells: readonly unknown[],
  take: (bytes: number) => void,
  copy: (i: number, cell: object) => void,
): void {
  let chars = 0;
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i];
    if (typeof cell === "string") chars += cell.length;
    else if (typeof cell === "object" && cell !== null) copy(i, cell);
  }
  if (chars > 0) take(2 * chars);
}
