/**
 * Compares two well-formed strings by their UTF-8 bytes, the order of Parquet's strings: negative, zero or positive.
 * `<` compares UTF-16 units, which puts U+E000 to U+FFFF above everything beyond.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Surrogates behind all other units: they stand for what is above U+FFFF. */
function rank(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Order of Parquet's strings: by their UTF-8 bytes. JavaScript's `<` on strings differs beyond U+FFFF. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
