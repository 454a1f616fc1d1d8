import { utf8Decoder, utf8Encoder } from "./utf8.ts";

const encoder = /* @__PURE__ */ utf8Encoder();
const decoder = /* @__PURE__ */ utf8Decoder();

/** Returns the text with U+FFFD in place of each half of a surrogate pair, which UTF-8 cannot hold. */
export function toWellFormed(text: string): string {
  return hasLoneSurrogate(text) ? decoder.decode(encoder.encode(text)) : text;
}

/** Returns whether the text contains half of a surrogate pair, which UTF-8 cannot encode. */
export function hasLoneSurrogate(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return true;
    i++;
  }
  return false;
}
