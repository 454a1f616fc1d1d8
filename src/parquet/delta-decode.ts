/** Bytes after the page that the loops below may read. Their values have no effect. */
const SLACK = 16;
/** 2^0 to 2^32. */
const POWERS: Float64Array = /* @__PURE__ */ Float64Array.from({ length: 33 }, (_, i) => 2 ** i);

/**
 * Decodes a page of DELTA_BINARY_PACKED int64 into `out[at, at + count)`. Returns true if the deltas alone show that
 * the values ascend. Throws a RangeError unless the bytes are exactly `count` safe integers.
 */
export function decodeDelta(bytes: Uint8Array, out: Float64Array, at: number, count: number): boolean {
  const input = new DeltaInput(bytes);
  const blockSize = input.varint();
  const miniblocks = input.varint();
  const size = blockSize / miniblocks;
  if (blockSize > 65_536 || !(size >= 8) || size % 8 !== 0) throw new RangeError("the page is malformed");
  if (input.varint() !== count) throw new RangeError("the page is malformed");
  let value = safe(input.zigzag());
  out[at++] = value;
  let ascends = true;

  for (let left = count - 1; left > 0;) {
    const least = input.zigzag();
    ascends &&= least >= 0 && least <= Number.MAX_SAFE_INTEGER;
    const widths = input.skip(miniblocks);
    for (let i = 0; i < miniblocks && left > 0; i++) {
      const width = bytes[widths + i] as number;
      if (width > 64) throw new RangeError("the page is malformed");
      // A wider difference could wrap around 2^64.
      ascends &&= width <= 32;
      const start = input.skip((size / 8) * width);
      const end = at + Math.min(size, left);
      value = unpack(input.view, start * 8, width, out, at, end, value, least);
      left -= end - at;
      at = end;
    }
  }
  if (input.at !== bytes.length) throw new RangeError("the page is malformed");
  return ascends;
}

/** Returns how many integers a page of DELTA_BINARY_PACKED states to hold. */
export function countDeltas(bytes: Uint8Array): number {
  const input = new DeltaInput(bytes.subarray(0, SLACK));
  input.varint();
  input.varint();
  return input.varint();
}

/**
 * Decodes a miniblock that begins at `bit` into `out[at, end)`. `value` is the value before it. Returns the last value.
 */
function unpack(
  view: DataView,
  bit: number,
  width: number,
  out: Float64Array,
  at: number,
  end: number,
  value: number,
  least: number | bigint,
): number {
  const base = Number(least);
  // Float64 adds exactly as long as no sum on the way can leave the safe integers.
  if (width > 32 || Math.abs(value) + (end - at) * (Math.abs(base) + POWERS[width]!) > Number.MAX_SAFE_INTEGER) {
    return unpackExactly(view, bit, width, out, at, end, value, BigInt(least));
  }
  if (width === 0) {
    while (at < end) out[at++] = value += base;
    return value;
  }
  if (width > 25) {
    // This reads up to 39 bits, which a float64 holds exactly and the 32-bit operators do not.
    for (const modulus = POWERS[width]!; at < end; at++, bit += width) {
      const bits = view.getUint32(bit >>> 3, true) + view.getUint8((bit >>> 3) + 4) * 2 ** 32;
      out[at] = value += base + (Math.floor(bits / (1 << (bit & 7))) % modulus);
    }
    return value;
  }
  const mask = (1 << width) - 1;
  for (; at < end; at++, bit += width) {
    out[at] = value += base + ((view.getInt32(bit >>> 3, true) >>> (bit & 7)) & mask);
  }
  return value;
}

/** Does the same as {@link unpack} for any 64-bit values, modulo 2^64 as the format defines it. */
function unpackExactly(
  view: DataView,
  bit: number,
  width: number,
  out: Float64Array,
  at: number,
  end: number,
  value: number,
  base: bigint,
): number {
  for (; at < end; at++, bit += width) {
    const low = view.getBigUint64(bit >>> 3, true);
    const high = BigInt(view.getUint8((bit >>> 3) + 8));
    const packed = BigInt.asUintN(width, ((high << 64n) | low) >> BigInt(bit & 7));
    out[at] = value = safe(BigInt.asIntN(64, BigInt(value) + base + packed));
  }
  return value;
}

function safe(value: number | bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError("an integer is beyond 2^53");
  return number;
}

class DeltaInput {
  /** The page, followed by zeros. */
  readonly view: DataView;
  readonly #length: number;
  at = 0;

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array(bytes.length + SLACK);
    padded.set(bytes);
    this.view = new DataView(padded.buffer);
    this.#length = bytes.length;
  }

  /** Reads an unsigned number of up to 28 bits. */
  varint(): number {
    const value = this.#unsigned();
    if (typeof value === "bigint") throw new RangeError("the page is malformed");
    return value;
  }

  /** Reads a signed number of up to 64 bits. Returns a bigint if it takes more than four bytes. */
  zigzag(): number | bigint {
    const value = this.#unsigned();
    if (typeof value === "number") return (value >>> 1) ^ -(value & 1);
    return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
  }

  #unsigned(): number | bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.view.getUint8(this.skip(1));
      low |= (byte & 127) << shift;
      if (byte < 128) return low;
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.view.getUint8(this.skip(1));
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new RangeError("the page is malformed");
  }

  /** Moves forward by `length`. Returns the position before. */
  skip(length: number): number {
    const start = this.at;
    if (length > this.#length - start) throw new RangeError("the page is malformed");
    this.at = start + length;
    return start;
  }
}
