/** The most bytes of an encoded varint here: 53 bits, seven a byte. */
export const MAX_VARINT_BYTES = 8;

/** Writes a safe non-negative integer in LEB128 at `at`. Returns the position after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  while (value > 0x7fffffff) {
    // The shift operators would truncate a number of more than 31 bits.
    bytes[at++] = (value % 128) | 128;
    value = Math.floor(value / 128);
  }
  while (value > 127) {
    bytes[at++] = (value & 127) | 128;
    value >>>= 7;
  }
  bytes[at++] = value;
  return at;
}

/** Maps an integer to a non-negative one, small to small. Exact for |value| < 2^52. */
export function zigzag(value: number): number {
  return value >= 0 ? value * 2 : value * -2 - 1;
}

export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/**
 * A cursor over encoded bytes. Its methods throw a RangeError at the end of the bytes, and for a number beyond 2^53.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  at: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.#end = end;
  }

  get atEnd(): boolean {
    return this.at >= this.#end;
  }

  byte(): number {
    if (this.at >= this.#end) throw new RangeError("unexpected end of a record");
    return this.bytes[this.at++] as number;
  }

  varint(): number {
    let byte = this.byte();
    if (byte < 128) return byte;
    let value = byte & 127;
    let scale = 128;
    for (let i = 1; i < MAX_VARINT_BYTES; i++) {
      byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw new RangeError("a number is too large");
  }

  zigzag(): number {
    return unzigzag(this.varint());
  }

  float32(): number {
    const value = this.#view.getFloat32(this.skip(4), true);
    return value;
  }

  float64(): number {
    return this.#view.getFloat64(this.skip(8), true);
  }

  /** Returns a view of the next `length` bytes. */
  take(length: number): Uint8Array {
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }

  /** Moves forward by `length`. Returns the position before. */
  skip(length: number): number {
    const start = this.at;
    if (length > this.#end - start) throw new RangeError("unexpected end of a record");
    this.at = start + length;
    return start;
  }
}
