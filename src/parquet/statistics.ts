import { invalidArgument } from "../errors/ledger-error.ts";
import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import type { Statistics } from "./footer-write.ts";

/** Bounds of a column as its file states them; none where there is no value to bound. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/**
 * Bounds of the integers in `parts`, which are not empty. `INVALID_ARGUMENT` for one that is no integer of at most `limit`
 * either way; `field` is its path in the argument, with `#` for the number of the part.
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
      // Also false of NaN.
      whole = whole && Math.floor(value) === value;
    }
    if (!whole || min < -limit || max > limit) {
      const wrong = values.find((value) => !(Number.isSafeInteger(value) && Math.abs(value) <= limit));
      throw invalidArgument(field.replace("#", String(part)), `integers of at most ${limit} either way`, wrong);
    }
  }
  return { min, max };
}

/**
 * Bounds of the numbers in `parts` as Parquet wants them: NaN does not count, and as -0 and +0 are equal in some readers'
 * order and not in others', a zero is -0 as the least and +0 as the greatest.
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

/** Bounds of texts, given in UTF-8, that take at most `most` bytes: a long one is cut to one beyond it. */
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

/** As many whole characters as fit. */
function start(bytes: Uint8Array, most: number): Uint8Array {
  let end = Math.min(most, bytes.length);
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/** A text above all that begin like this one: its last character, if need be one before, gives way to the next. */
function above(bytes: Uint8Array, most: number): Uint8Array | undefined {
  const characters = [...decoder.decode(bytes)];
  while (characters.length > 0) {
    const code = characters.pop()!.codePointAt(0)! + 1;
    if (code > 0x10ffff) continue;
    // Surrogates are no characters.
    const text = encoder.encode(characters.join("") + String.fromCodePoint(code === 0xd800 ? 0xe000 : code));
    if (text.length <= most) return text;
  }
  // There is none.
  return undefined;
}
