import { utf8Decoder, utf8Encoder } from "./utf8.ts";
import { hasLoneSurrogate } from "./key.ts";

const encoder = utf8Encoder();
// Without ignoreBOM it would drop a byte order mark at the beginning.
const decoder = utf8Decoder({ ignoreBOM: true });

/** Returns the text with U+FFFD in place of each half of a surrogate pair, which UTF-8 cannot hold. */
export function toWellFormed(text: string): string {
  return hasLoneSurrogate(text) ? decoder.decode(encoder.encode(text)) : text;
}
