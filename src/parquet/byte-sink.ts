/** Collects bytes in a buffer that grows. Numbers are written in little-endian order. */
export class ByteSink {
  /** The buffer. A write that does not fit replaces it by a larger one. */
  room: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  #view = new DataView(this.room.buffer);
  /** Index in `room` of the next byte. */
  index = 0;
  #before = 0;

  /** The number of bytes written in all, before and after restarts. */
  get offset(): number {
    return this.#before + this.index;
  }

  /** The bytes written since the last restart: a view, not a copy. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.room.subarray(0, this.index);
  }

  /** Forgets the bytes written so far, but keeps the buffer. `offset` keeps counting. */
  restart(): void {
    this.#before += this.index;
    this.index = 0;
  }

  /** Makes room for `size` more bytes. */
  ensure(size: number): void {
    const needed = this.index + size;
    if (needed <= this.room.length) return;
    const larger = new Uint8Array(Math.max(2 * this.room.length, needed));
    larger.set(this.written);
    this.room = larger;
    this.#view = new DataView(larger.buffer);
  }

  byte(value: number): void {
    this.ensure(1);
    this.room[this.index++] = value;
  }

  bytes(value: Uint8Array): void {
    this.ensure(value.length);
    this.room.set(value, this.index);
    this.index += value.length;
  }

  uint32(value: number): void {
    this.ensure(4);
    this.#view.setUint32(this.index, value, true);
    this.index += 4;
  }

  int64(value: bigint): void {
    this.ensure(8);
    this.#view.setBigInt64(this.index, value, true);
    this.index += 8;
  }

  /** Writes an unsigned number of up to 32 bits as a varint, seven bits a byte. */
  varint(value: number): void {
    for (; value & ~127; value >>>= 7) this.byte((value & 127) | 128);
    this.byte(value);
  }

  /**
   * Writes a signed number as a zigzag varint: a number of up to 32 bits, or a bigint of up to 64. Small ones take few
   * bytes.
   */
  zigzag(value: number | bigint): void {
    if (typeof value === "number") return this.varint((value << 1) ^ (value >> 31));
    let rest = (value << 1n) ^ (value >> 63n);
    for (; rest > 127n; rest >>= 7n) this.byte(Number(rest & 127n) | 128);
    this.byte(Number(rest));
  }
}
