import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import type { Statistics } from "./footer-write.ts";

const decoder = /* @__PURE__ */ utf8Decoder({ ignoreBOM: true });
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
