/**
 * Decodes `count` numbers of `width` bits (at most 20) from Parquet's RLE/bit-packing hybrid: runs of one number, and
 * groups of eight packed numbers. Passes them to `add` as runs. Throws a RangeError unless the bytes hold exactly
 * those.
 */
export function decodeHybrid(
  bytes: Uint8Array,
  width: number,
  count: number,
  add: (value: number, rows: number) => void,
): void {
  let at = 0;
  let left = count;
  const need = (length: number): number => {
    if (length > bytes.length - at) throw new RangeError("the page is malformed");
    at += length;
    return at - length;
  };
  while (left > 0) {
    let head = 0;
    let shift = 0;
    for (let more = true; more; shift += 7) {
      if (shift > 21) throw new RangeError("the page is malformed");
      const byte = bytes[need(1)] as number;
      head |= (byte & 127) << shift;
      more = byte > 127;
    }
    if ((head & 1) === 0) {
      const start = need((width + 7) >>> 3);
      let value = 0;
      for (let i = at - 1; i >= start; i--) value = value * 256 + (bytes[i] as number);
      if (head === 0 || head >>> 1 > left) throw new RangeError("the page is malformed");
      add(value, head >>> 1);
      left -= head >>> 1;
    } else {
      const groups = head >>> 1;
      const start = need(groups * width);
      const n = Math.min(groups * 8, left);
      for (let i = 0; i < n; i++) add(bits(bytes, start * 8 + i * width, width), 1);
      if (n === 0) throw new RangeError("the page is malformed");
      left -= n;
    }
  }
  if (at !== bytes.length) throw new RangeError("the page is malformed");
}

/** Returns the `width` bits from bit `at` on. They are at most 20, so four bytes hold them. */
function bits(bytes: Uint8Array, at: number, width: number): number {
  const i = at >>> 3;
  const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
  return (word >>> (at & 7)) & ((1 << width) - 1);
}
