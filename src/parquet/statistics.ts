import { invalidArgument } from "../errors/ledger-error.ts";
import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import type { Statistics } from "./footer-write.ts";

/** The least and greatest value of a column, as its file states them. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/**
 * Returns the bounds of the integers in `parts`, which must not be empty. Throws `INVALID_ARGUMENT` for a value that is
 * not an integer from `-limit` to `limit`. `field` is the path of a part in the argument, with `#` for its number.
 */
export function integerBounds(parts: readonly Float64Array[], limit: number, field: string): Bounds {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let part = 0; part < parts.length; part++) {
    const values = parts[part]!;
    let whole = true;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value < min) min = value;
      if (value > max) max = value;
      // Also false for NaN.
      whole = whole && Math.floor(value) === value;
    }
    if (!whole || min < -limit || max > limit) {
      const wrong = values.find((value) => !(Number.isSafeInteger(value) && Math.abs(value) <= limit));
      throw invalidArgument(field.replace("#", String(part)), `integers from -${limit} to ${limit}`, wrong);
    }
  }
  return { min, max };
}

/**
 * Returns the bounds of the numbers in `parts` as Parquet requires them, or `undefined` if there is no number. NaN does
 * not count. Some readers take -0 and +0 for equal and others do not, so a least value of zero is -0 and a greatest one
 * is +0.
 */
export function numberBounds(parts: readonly Float64Array[]): Bounds | undefined {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const values of parts) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  if (min > max) return undefined;
  return { min: min === 0 ? -0 : min, max: max === 0 ? 0 : max };
}

const decoder = /* @__PURE__ */ utf8Decoder();
const encoder = /* @__PURE__ */ utf8Encoder();

/**
 * Returns bounds of at most `most` bytes for texts whose bounds in UTF-8 are `min` and `max`. Replaces a long one by a
 * shorter bound.
 */
export function shortBounds(min: Uint8Array, max: Uint8Array, most: number): Omit<Statistics, "nulls"> {
  const least = start(min, most);
  const greatest = max.length > most ? above(start(max, most), most) : undefined;
  return {
    min: least,
    max: greatest ?? max,
    ...(least.length < min.length && { minExact: false }),
    ...(greatest && { maxExact: false }),
  };
}

/** Returns as many whole characters as fit in `most` bytes. */
function start(bytes: Uint8Array, most: number): Uint8Array {
  let end = Math.min(most, bytes.length);
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/**
 * Returns a text that sorts after all texts that begin like this one, by replacing its last character, or an earlier
 * one, by the next character. Returns `undefined` if there is none of at most `most` bytes.
 */
function above(bytes: Uint8Array, most: number): Uint8Array | undefined {
  const characters = [...decoder.decode(bytes)];
  while (characters.length > 0) {
    const code = characters.pop()!.codePointAt(0)! + 1;
    if (code > 0x10ffff) continue;
    // Surrogates are not characters.
    const text = encoder.encode(characters.join("") + String.fromCodePoint(code === 0xd800 ? 0xe000 : code));
    if (text.length <= most) return text;
  }
  return undefined;
}
