import { utf8Decoder } from "../bytes/utf8.ts";

/** Order of Parquet's strings: by their UTF-8 bytes. JavaScript's `<` on strings differs beyond U+FFFF. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const decoder = /* @__PURE__ */ utf8Decoder({ fatal: true, ignoreBOM: true });

/** Throws a RangeError for what is not UTF-8. */
export function decodeKey(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new RangeError("a text is not UTF-8", { cause });
  }
}
