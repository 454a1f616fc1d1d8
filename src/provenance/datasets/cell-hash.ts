import type { Sha256 } from "../../bytes/digest.ts";
import { encodeWtf8 } from "../../bytes/wtf8.ts";
import type { HashWork } from "./hash-work.ts";

/** The first byte of a cell in the form that is hashed. FORMAT.md describes the forms. */
export const TAG = {
  null: 0,
  false: 1,
  true: 2,
  number: 3,
  bigint: 4,
  string: 5,
  bytes: 6,
  date: 7,
  list: 8,
  object: 9,
} as const;

/** Texts of more units and bytes of a greater number are hashed in pieces of this size. */
export const PIECE: number = 64 * 1024;

const FIRST_BYTES = 512;
/** A number takes a tag and a float64. */
const NUMBER_BYTES = 9;
const NULLS = /* @__PURE__ */ new Uint8Array(PIECE).fill(TAG.null);

/** Hashes cells in a form that does not depend on how they are stored. */
export class CellHash {
  readonly #hash: Sha256;
  readonly #work: HashWork;
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  constructor(hash: Sha256, work: HashWork) {
    this.#hash = hash;
    this.#work = work;
  }

  /** Whether it is time for a pause. */
  get isDue(): boolean {
    return this.#work.isDue;
  }

  tag(tag: number): void {
    this.#work.values++;
    this.#reserve(1);
    this.#bytes[this.#at++] = tag;
  }

  /** Adds cells that are null. Yields where it may be interrupted. */
  *nulls(count: number): Generator<void, void, void> {
    for (let left = count; left > 0; left -= PIECE) {
      this.#append(left < PIECE ? NULLS.subarray(0, left) : NULLS);
      if (this.isDue) yield;
    }
  }

  number(value: number): void {
    this.#work.values++;
    this.#double(TAG.number, value);
  }

  date(ms: number): void {
    this.#work.values++;
    this.#double(TAG.date, ms);
  }

  numbers(values: ArrayLike<number>, from: number, to: number): void {
    this.#work.values += to - from;
    for (let i = from; i < to; i++) this.#double(TAG.number, values[i]!);
  }

  bigint(value: bigint): void {
    this.#sized(TAG.bigint, encodeWtf8(value.toString()));
  }

  string(value: string): void {
    this.#sized(TAG.string, encodeWtf8(value));
  }

  /** Adds a text of any length. Yields where it may be interrupted. */
  *longString(value: string): Generator<void, void, void> {
    let bytes = 0;
    for (const piece of pieces(value)) {
      const { length } = encodeWtf8(piece);
      bytes += length;
      this.#work.bytes += length;
      if (this.isDue) yield;
    }
    this.count(TAG.string, bytes);
    for (const piece of pieces(value)) {
      this.#append(encodeWtf8(piece));
      if (this.isDue) yield;
    }
  }

  /** Adds bytes. Yields where it may be interrupted. */
  *bytes(bytes: Uint8Array): Generator<void, void, void> {
    this.count(TAG.bytes, bytes.length);
    for (let at = 0; at < bytes.length; at += PIECE) {
      this.#append(bytes.subarray(at, at + PIECE));
      if (this.isDue) yield;
    }
  }

  /** Adds a tag and a number of parts, which follow. */
  count(tag: number, parts: number): void {
    this.#work.values++;
    this.#reserve(NUMBER_BYTES);
    this.#bytes[this.#at] = tag;
    this.#view.setUint32(this.#at + 1, parts % 2 ** 32, true);
    this.#view.setUint32(this.#at + 5, Math.floor(parts / 2 ** 32), true);
    this.#at += NUMBER_BYTES;
  }

  digestHex(): string {
    this.#flush();
    return this.#hash.digestHex();
  }

  /** Adds a tag, the number of bytes, and the bytes. */
  #sized(tag: number, bytes: Uint8Array): void {
    this.count(tag, bytes.length);
    this.#append(bytes);
  }

  #double(tag: number, value: number): void {
    this.#reserve(NUMBER_BYTES);
    this.#bytes[this.#at] = tag;
    // A NaN may have any payload in memory; one pattern stands for all.
    if (value === value) this.#view.setFloat64(this.#at + 1, value, true);
    else {
      this.#view.setUint32(this.#at + 1, 0, true);
      this.#view.setUint32(this.#at + 5, 0x7ff80000, true);
    }
    this.#at += NUMBER_BYTES;
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length <= this.#bytes.length) {
      this.#reserve(bytes.length);
      this.#bytes.set(bytes, this.#at);
      this.#at += bytes.length;
      return;
    }
    this.#flush();
    this.#hash.update(bytes);
    this.#work.bytes += bytes.length;
  }

  /** Makes room for at most as many bytes as the buffer has. */
  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const size = this.#bytes.length;
    this.#flush();
    if (2 * size > this.#work.room) return;
    this.#bytes = new Uint8Array(2 * size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #flush(): void {
    this.#hash.update(this.#bytes.subarray(0, this.#at));
    this.#work.bytes += this.#at;
    this.#at = 0;
  }
}

/** Yields the pieces of a text. None ends within a surrogate pair. */
function* pieces(text: string): Generator<string, void, void> {
  for (let at = 0; at < text.length;) {
    const last = text.charCodeAt(at + PIECE - 1);
    const end = at + PIECE + (last >= 0xd800 && last <= 0xdbff ? 1 : 0);
    yield text.slice(at, end);
    at = end;
  }
}
