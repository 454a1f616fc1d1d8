import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import type { ByteSink } from "./byte-sink.ts";

/** The index of the low half of a float64 in a Uint32Array over its memory: 0, or 1 on a big-endian machine. */
export const LOW_WORD: number = /* @__PURE__ */ lowHalf();

function lowHalf(): number {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;
}

/** Writes float64 or int64 values in PLAIN: their bits, lowest byte first. */
export function writePlain64(values: Float64Array | BigInt64Array, out: ByteSink): void {
  out.ensure(8 * values.length);
  // As integers, so that a NaN keeps its bits.
  const bits = new BigInt64Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) out.int64(bits[i]!);
}

const encoder = /* @__PURE__ */ utf8Encoder();

/** Writes a string in PLAIN: its length in bytes, then its UTF-8. */
export function writePlainString(value: string, out: ByteSink): void {
  const bytes = encoder.encode(value);
  out.uint32(bytes.length);
  out.bytes(bytes);
}

/**
 * Returns a bound as statistics hold it: a double, an int64 or a boolean in PLAIN, or a string in PLAIN without its
 * length.
 */
export function plainBound(value: number | bigint | boolean | string): Uint8Array {
  if (typeof value === "string") return encoder.encode(value);
  if (typeof value === "boolean") return Uint8Array.of(Number(value));
  const view = new DataView(new ArrayBuffer(8));
  if (typeof value === "bigint") view.setBigInt64(0, value, true);
  else view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
}

/** Decodes PLAIN doubles into `out[at, at + count)` and keeps every bit. */
export function decodePlainDoubles(bytes: Uint8Array, out: Float64Array, at: number, count: number): void {
  checkSize(bytes, count);
  if (LOW_WORD === 0) {
    new Uint8Array(out.buffer, out.byteOffset + at * 8, count * 8).set(bytes);
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length * 2);
  for (let i = 0; i < count; i++) {
    // As integers, because a float64 on the way may lose the payload of a NaN.
    words[(at + i) * 2 + LOW_WORD] = view.getUint32(i * 8, true);
    words[(at + i) * 2 + 1 - LOW_WORD] = view.getUint32(i * 8 + 4, true);
  }
}

/** Decodes PLAIN int64 into `out[at, at + count)`. Throws a RangeError for a value that is not a safe integer. */
export function decodePlainIntegers(bytes: Uint8Array, out: Float64Array, at: number, count: number): void {
  checkSize(bytes, count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) {
    const value = view.getInt32(i * 8 + 4, true) * 2 ** 32 + view.getUint32(i * 8, true);
    if (!Number.isSafeInteger(value)) throw new RangeError("an integer is beyond 2^53");
    out[at + i] = value;
  }
}

function checkSize(bytes: Uint8Array, count: number): void {
  if (bytes.length !== count * 8) throw new RangeError("the page is malformed");
}

/** Yields the UTF-8 of `count` PLAIN strings, as views. Throws a RangeError unless the bytes hold exactly those. */
export function* plainTexts(bytes: Uint8Array, count: number): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const length = view.getUint32(at, true);
    at += 4;
    if (length > bytes.length - at) throw new RangeError("the page is malformed");
    yield bytes.subarray(at, at + length);
    at += length;
  }
  if (at !== bytes.length) throw new RangeError("the page is malformed");
}

const decoder = /* @__PURE__ */ utf8Decoder({ fatal: true });

/** Returns the string that these bytes of UTF-8 encode. Throws a RangeError if they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new RangeError("a text is not UTF-8", { cause });
  }
}
