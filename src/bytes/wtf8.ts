import { utf8Encoder } from "./utf8.ts";
import { hasLoneSurrogate } from "./well-formed.ts";

const encoder = /* @__PURE__ */ utf8Encoder();

/** Returns a text as UTF-8 in which half of a surrogate pair takes the three bytes of its code point (WTF-8). */
export function encodeWtf8(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  // A text of one byte a unit is ASCII.
  if (bytes.length === text.length || !hasLoneSurrogate(text)) return bytes;
  // The encoder wrote the three bytes of U+FFFD in the place of each half.
  let at = 0;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff) bytes.set([0xed, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)], at);
    at += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
