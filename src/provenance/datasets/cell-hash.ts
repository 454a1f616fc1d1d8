import type { Sha256 } from "../../bytes/digest.ts";
import { utf8Encoder } from "../../bytes/utf8.ts";
import { compareCodeUnits } from "./code-units.ts";

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

const encoder = /* @__PURE__ */ utf8Encoder();
const FIRST_BYTES = 512;
/** A number takes a tag and a float64. */
const NUMBER_BYTES = 9;

/** What the columns of a table share. */
export interface HashedBytes {
  /** Returns how many bytes a column may gather before they are hashed. */
  readonly room: () => number;
  /** The number of bytes hashed so far. */
  total: number;
}

/** Hashes cells in a form that does not depend on how they are stored. */
export class CellHash {
  readonly #hash: Sha256;
  readonly #hashed: HashedBytes;
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  constructor(hash: Sha256, hashed: HashedBytes) {
    this.#hash = hash;
    this.#hashed = hashed;
  }

  tag(tag: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = tag;
  }

  nulls(count: number): void {
    for (let left = count; left > 0;) {
      this.#reserve(1);
      const some = Math.min(left, this.#bytes.length - this.#at);
      this.#bytes.fill(TAG.null, this.#at, this.#at + some);
      this.#at += some;
      left -= some;
    }
  }

  number(value: number): void {
    this.#double(TAG.number, value);
  }

  date(ms: number): void {
    this.#double(TAG.date, ms);
  }

  numbers(values: ArrayLike<number>, from: number, to: number): void {
    for (let i = from; i < to; i++) this.#double(TAG.number, values[i]!);
  }

  bigint(value: bigint): void {
    this.sized(TAG.bigint, encoder.encode(value.toString()));
  }

  string(value: string): void {
    this.sized(TAG.string, encoder.encode(value));
  }

  /** Adds a tag, the number of bytes, and the bytes. */
  sized(tag: number, bytes: Uint8Array): void {
    this.count(tag, bytes.length);
    this.#append(bytes);
  }

  /** Adds a tag and a number of parts, which follow. */
  count(tag: number, parts: number): void {
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
    this.#hashed.total += bytes.length;
  }

  /** Makes room for at most as many bytes as the buffer has. */
  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const size = this.#bytes.length;
    this.#flush();
    if (2 * size > this.#hashed.room()) return;
    this.#bytes = new Uint8Array(2 * size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #flush(): void {
    this.#hash.update(this.#bytes.subarray(0, this.#at));
    this.#hashed.total += this.#at;
    this.#at = 0;
  }
}

/** Returns the members of an object that have a value, sorted by name. */
export function sortedMembers(object: object): [string, unknown][] {
  return Object.entries(object)
    .filter(([, value]) => value !== undefined && value !== null)
    .sort(([a], [b]) => compareCodeUnits(a, b));
}
