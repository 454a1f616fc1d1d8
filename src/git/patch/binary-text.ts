import { utf8Decoder } from "../../bytes/utf8.ts";

const SHORTEST_TEXT = 8;

/**
 * Returns the texts in the bytes of a binary file: runs of ASCII, the same without zero bytes as UTF-16 and UTF-32 have
 * them, and the text of a file in UTF-16.
 */
export function textsOf(bytes: Uint8Array): string[] {
  const texts = [printable(bytes)];
  if (bytes.includes(0)) texts.push(printable(bytes.filter((byte) => byte !== 0)));
  const order = bytes[0] === 0xff && bytes[1] === 0xfe ? 0 : bytes[0] === 0xfe && bytes[1] === 0xff ? 1 : undefined;
  if (order !== undefined) texts.push(decodeUtf16(bytes.subarray(2), order));
  return texts;
}

/** Returns the bytes that a delta of git adds. Another byte separates those that do not follow each other. */
export function addedBytes(delta: Uint8Array): Uint8Array {
  const added = new Uint8Array(delta.length);
  let length = 0;
  let at = 0;
  // The sizes of both files.
  for (let sizes = 0; sizes < 2; at++) if ((delta[at] ?? 0) < 128) sizes++;
  while (at < delta.length) {
    const code = delta[at++] as number;
    if (code >= 128) {
      for (let bits = code & 127; bits > 0; bits >>= 1) at += bits & 1;
      added[length++] = SEPARATOR;
    } else {
      const part = delta.subarray(at, at + code);
      added.set(part, length);
      length += part.length;
      at += code;
    }
  }
  return added.subarray(0, length);
}

/** It is not part of any text, and unlike a zero byte never part of a character. */
const SEPARATOR = 1;

/** Returns the runs of ASCII in the bytes, one a line. */
function printable(bytes: Uint8Array): string {
  const runs: string[] = [];
  let begin = 0;
  for (let at = 0; at <= bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if ((byte >= 32 && byte < 127) || byte === 10) continue;
    if (at - begin >= SHORTEST_TEXT) runs.push(utf8Decoder().decode(bytes.subarray(begin, at)));
    begin = at + 1;
  }
  return runs.join("\n");
}

/** Returns UTF-16 as text. `order` is where a pair has its low byte: 0 for little endian, 1 for big endian. */
function decodeUtf16(bytes: Uint8Array, order: 0 | 1): string {
  let text = "";
  for (let at = 0; at + 1 < bytes.length; at += 2)
    text += String.fromCharCode((bytes[at + order] as number) | ((bytes[at + 1 - order] as number) << 8));
  return text;
}
