/**
 * Tests for built-in classes. `instanceof` is false for a value of another realm: in the sandbox of Jest, in `node:vm`
 * and between frames, each side has its own `Error` and `Uint8Array`.
 */

const typedArrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!
  .get as (this: unknown) => string | undefined;

interface TypedArrays {
  Uint8Array: Uint8Array;
  Uint8ClampedArray: Uint8ClampedArray;
  Int32Array: Int32Array;
  Float16Array: ArrayLike<number> & ArrayBufferView;
  Float32Array: Float32Array;
  Float64Array: Float64Array;
  BigInt64Array: BigInt64Array;
  BigUint64Array: BigUint64Array;
}

/** Returns whether the value is a typed array of one of these classes, or of a subclass. */
export function isTypedArray<Name extends keyof TypedArrays>(
  value: unknown,
  ...names: readonly Name[]
): value is TypedArrays[Name] {
  return names.includes(typedArrayName.call(value) as Name);
}

/** Returns whether the value is a `Uint8Array`. Node's `Buffer` is one. */
export function isBytes(value: unknown): value is Uint8Array {
  return typedArrayName.call(value) === "Uint8Array";
}

/** Returns whether the value is a `Uint8Array`, but not of a subclass such as Node's `Buffer`. */
export function isPlainBytes(value: unknown): value is Uint8Array {
  return isBytes(value) && Object.hasOwn(Object.getPrototypeOf(value) as object, "BYTES_PER_ELEMENT");
}

/** Returns whether the value is a `DataView`. */
export function isDataView(value: unknown): value is DataView {
  return ArrayBuffer.isView(value) && typedArrayName.call(value) === undefined;
}

/** Returns whether the value is an `ArrayBuffer`. A `SharedArrayBuffer` is not. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return (
    typeof value === "object" &&
    value !== null &&
    works(() => ArrayBuffer.prototype.slice.call(value as ArrayBuffer, 0, 0))
  );
}

export function isDate(value: unknown): value is Date {
  // The first test is for speed: a call that throws takes microseconds, and a table has millions of cells.
  return typeof value === "object" && value !== null && works(() => Date.prototype.getTime.call(value));
}

export function isMap(value: unknown): value is Map<unknown, unknown> {
  return typeof value === "object" && value !== null && works(() => Map.prototype.keys.call(value));
}

/** Returns whether the value acts like a `Blob`. Some environments have their own class for it. */
export function isBlob(value: unknown): value is Blob {
  if (typeof value !== "object" || value === null) return false;
  // In this order, because the `size` of a Map is a getter that throws on a copy.
  const { arrayBuffer } = value as Partial<Blob>;
  return typeof arrayBuffer === "function" && typeof (value as Partial<Blob>).size === "number";
}

/**
 * Returns whether the value is an object without a class: no array, and with `Object.prototype` of any realm or no
 * prototype.
 */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Returns whether the value is an `Error` or a `DOMException`. */
export function isError(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  try {
    return value instanceof Error || /^\[object (Error|DOMException)\]$/.test(Object.prototype.toString.call(value));
  } catch {
    return false; // A proxy may refuse every question.
  }
}

/** Returns the message of an `Error`, or `otherwise` for anything else and for a message that cannot be read. */
export function messageOf(error: unknown, otherwise: string): string {
  try {
    return isError(error) ? String(error.message) : otherwise;
  } catch {
    return otherwise; // A proxy or a getter throws.
  }
}

/**
 * Returns whether a call does not throw. A class's method refuses objects of other classes, but not of the same class
 * in another realm.
 */
function works(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch {
    return false;
  }
}
