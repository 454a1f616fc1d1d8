import { crc32 } from "../../bytes/crc32.ts";
import { utf8Decoder, utf8Encoder } from "../../bytes/utf8.ts";
import { gunzip, gzip } from "#gunzip";
import type { Entry } from "../../backend/backend.ts";
import { type IndexPage, MAX_PAGE_KEYS } from "./published-index.ts";

/** Returns the text of a page: a line for each object, with its size and its key. */
export function encodePage(entries: readonly Entry[]): Uint8Array {
  return utf8Encoder().encode(entries.map(({ key, size }) => `${size} ${key}\n`).join(""));
}

/** Returns a text as it is stored. */
export function storedPage(text: Uint8Array): Uint8Array {
  return gzip(text);
}

/** Returns the objects of a stored page, in ascending order. Throws an error of any kind if the page is damaged. */
export function decodePage(stored: Uint8Array, { first, size, crc32: sum }: IndexPage): Entry[] {
  const text = gunzip(stored, size, true);
  if (crc32(text) !== sum) throw new RangeError("its checksum is wrong");
  const lines = utf8Decoder({ fatal: true })
    .decode(text)
    .split("\n", MAX_PAGE_KEYS + 2);
  if (lines.length > MAX_PAGE_KEYS + 1) throw new RangeError("it has too many keys");
  if (lines.pop() !== "") throw new RangeError("it ends within a line");
  let before = "";
  const entries = lines.map((line) => {
    const [, digits, key] = /^(0|[1-9]\d{0,15}) ([^\n]+)$/u.exec(line) ?? [];
    const bytes = Number(digits);
    if (key === undefined || key <= before || !Number.isSafeInteger(bytes)) throw new RangeError("a line is wrong");
    before = key;
    return { key, size: bytes };
  });
  if (entries[0]?.key !== first) throw new RangeError("it is another page");
  return entries;
}
