/**
 * Tests for built-in classes. `instanceof` is wrong for a value of another realm: in the sandbox of Jest, in `node:vm` and between
 * frames each side has an `Error` and a `Uint8Array` of its own.
 */

const typedArrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!
  .get as (this: unknown) => string | undefined;

interface TypedArrays {
  Uint8Array: Uint8Array;
  Uint8ClampedArray: Uint8ClampedArray;
  Float16Array: ArrayLike<number> & ArrayBufferView;
  Float32Array: Float32Array;
  Float64Array: Float64Array;
  BigInt64Array: BigInt64Array;
}

/** True for a typed array of one of these classes, or of a subclass. */
export function isTypedArray<Name extends keyof TypedArrays>(
  value: unknown,
  ...names: readonly Name[]
): value is TypedArrays[Name] {
  return names.includes(typedArrayName.call(value) as Name);
}

/** True for a `Uint8Array`, Node's `Buffer` included. */
export function isBytes(value: unknown): value is Uint8Array {
  return typedArrayName.call(value) === "Uint8Array";
}

/** True for a `Uint8Array` that is of no subclass such as Node's `Buffer`. */
export function isPlainBytes(value: unknown): value is Uint8Array {
  return isBytes(value) && Object.hasOwn(Object.getPrototypeOf(value) as object, "BYTES_PER_ELEMENT");
}

/** True for a view that has a format of its own rather than elements. */
export function isDataView(value: unknown): value is DataView {
  return ArrayBuffer.isView(value) && typedArrayName.call(value) === undefined;
}

/** True for an `ArrayBuffer`, and false for a `SharedArrayBuffer`. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return works(() => ArrayBuffer.prototype.slice.call(value as ArrayBuffer, 0, 0));
}

export function isDate(value: unknown): value is Date {
  return works(() => Date.prototype.getTime.call(value));
}

export function isMap(value: unknown): value is Map<unknown, unknown> {
  return works(() => Map.prototype.keys.call(value));
}

/** True for what acts as a `Blob`: some environments have a class of their own for it. */
export function isBlob(value: unknown): value is Blob {
  if (typeof value !== "object" || value === null) return false;
  // In this order: the size of a Map is a getter that throws on a copy.
  const { arrayBuffer } = value as Partial<Blob>;
  return typeof arrayBuffer === "function" && typeof (value as Partial<Blob>).size === "number";
}

/** True for an object without a class: no array, and with no prototype beside `Object.prototype`, which ends every chain. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** True for every `Error` and `DOMException`. */
export function isError(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  try {
    return value instanceof Error || /^\[object (Error|DOMException)\]$/.test(Object.prototype.toString.call(value));
  } catch {
    return false; // A proxy may refuse every question.
  }
}

/** A method of a class refuses what is of another class, and takes what is of the same class in another realm. */
function works(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch {
    return false;
  }
}
