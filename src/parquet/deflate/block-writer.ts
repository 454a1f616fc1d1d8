import {
  DISTANCES,
  distanceExtra,
  distanceSymbol,
  END,
  lengthBase,
  lengthExtra,
  lengthSymbols,
  LITERALS,
  SHORTEST,
} from "./symbols.ts";
import { assignCodes, codeLengths } from "./huffman.ts";
import { type Histogram, MOST_OF_STORED } from "./symbol-counts.ts";

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Writes deflate blocks, bit by bit. `out` must have room; a block never takes more than it would stored. */
export class BlockWriter {
  out: Uint8Array = new Uint8Array(0);
  /** The number of whole bytes written. */
  at = 0;
  #bits = 0;
  #count = 0;
  readonly #lengths = new Uint8Array(LITERALS);
  readonly #codes = new Uint32Array(LITERALS);
  readonly #farLengths = new Uint8Array(DISTANCES);
  readonly #farCodes = new Uint32Array(DISTANCES);
  readonly #runs = new Uint8Array(2 * (LITERALS + DISTANCES));
  readonly #runCounts = new Uint32Array(19);
  readonly #runLengths = new Uint8Array(19);
  readonly #runCodes = new Uint32Array(19);

  /**
   * Writes one block of `sequences[0, length)`, which encode `data[start, end)`. `counts` are the counts of their
   * symbols, without the end of block.
   */
  block(
    sequences: Uint32Array,
    length: number,
    counts: Histogram,
    data: Uint8Array,
    start: number,
    end: number,
    final: boolean,
  ): void {
    counts.literals[END] = 1;
    codeLengths(counts.literals, 15, this.#lengths);
    codeLengths(counts.distances, 15, this.#farLengths);
    const literals = usedEnd(this.#lengths, 257);
    const distances = usedEnd(this.#farLengths, 1);
    const runs = this.#runLengthsOf(literals, distances);
    codeLengths(this.#runCounts, 7, this.#runLengths);
    let orders = 19;
    while (orders > 4 && this.#runLengths[ORDER[orders - 1]!] === 0) orders--;

    let size = 17 + 3 * orders;
    for (let i = 0; i < 19; i++)
      size += this.#runCounts[i]! * (this.#runLengths[i]! + (i < 16 ? 0 : i === 16 ? 2 : i === 17 ? 3 : 7));
    for (let i = 0; i < LITERALS; i++)
      size += counts.literals[i]! * (this.#lengths[i]! + (i < 257 ? 0 : lengthExtra[i - 257]!));
    for (let i = 0; i < DISTANCES; i++) size += counts.distances[i]! * (this.#farLengths[i]! + distanceExtra(i));
    if (size >= MOST_OF_STORED * 8 * (end - start) + 35 * Math.ceil((end - start) / 65_535)) {
      this.#stored(data, start, end, final);
      return;
    }

    this.#put(final ? 5 : 4, 3);
    this.#put(literals - 257, 5);
    this.#put(distances - 1, 5);
    this.#put(orders - 4, 4);
    for (let i = 0; i < orders; i++) this.#put(this.#runLengths[ORDER[i]!]!, 3);
    assignCodes(this.#runLengths, this.#runCodes);
    for (let i = 0; i < runs; i += 2) {
      const symbol = this.#runs[i]!;
      const code = this.#runCodes[symbol]!;
      this.#put(code & 0xffff, code >>> 16);
      if (symbol > 15) this.#put(this.#runs[i + 1]!, symbol === 16 ? 2 : symbol === 17 ? 3 : 7);
    }
    assignCodes(this.#lengths, this.#codes);
    assignCodes(this.#farLengths, this.#farCodes);
    this.#putSequences(sequences, length, data, start);
    const last = this.#codes[END]!;
    this.#put(last & 0xffff, last >>> 16);
  }

  /** Writes an empty last block, for no data. */
  empty(): void {
    this.#put(3, 10);
  }

  /** Fills the last byte with zero bits. */
  align(): void {
    if (this.#count > 0) this.#put(0, -this.#count & 7);
    for (; this.#count > 0; this.#count -= 8, this.#bits >>>= 8) this.out[this.at++] = this.#bits;
  }

  #put(bits: number, count: number): void {
    this.#bits |= bits << this.#count;
    this.#count += count;
    if (this.#count >= 16) {
      this.out[this.at++] = this.#bits;
      this.out[this.at++] = this.#bits >>> 8;
      this.#bits >>>= 16;
      this.#count -= 16;
    }
  }

  #putSequences(sequences: Uint32Array, length: number, data: Uint8Array, start: number): void {
    const out = this.out;
    const codes = this.#codes;
    const farCodes = this.#farCodes;
    let at = this.at;
    let bits = this.#bits;
    let count = this.#count;
    let from = start;
    // At most 15 bits wait, and a step adds at most 15 bits (a code) or 13 (extra bits), so 32 bits suffice.
    for (let i = 0; i < length; i += 2) {
      const match = sequences[i + 1]!;
      for (const end = from + sequences[i]!; from < end; from++) {
        const code = codes[data[from]!]!;
        bits |= (code & 0xffff) << count;
        count += code >>> 16;
        if (count >= 16) {
          out[at++] = bits;
          out[at++] = bits >>> 8;
          bits >>>= 16;
          count -= 16;
        }
      }
      if (match === 0) continue;
      from += match & 511;
      const run = (match & 511) - SHORTEST;
      const near = lengthSymbols[run]! - 257;
      const distance = match >>> 9;
      const far = distanceSymbol(distance);
      const farBits = distanceExtra(far);
      for (let step = 0; step < 4; step++) {
        const code = step === 0 ? codes[near + 257]! : step === 2 ? farCodes[far]! : 0;
        if (step === 0 || step === 2) {
          bits |= (code & 0xffff) << count;
          count += code >>> 16;
        } else if (step === 1) {
          bits |= (run - lengthBase[near]!) << count;
          count += lengthExtra[near]!;
        } else {
          bits |= ((distance - 1) & ((1 << farBits) - 1)) << count;
          count += farBits;
        }
        if (count >= 16) {
          out[at++] = bits;
          out[at++] = bits >>> 8;
          bits >>>= 16;
          count -= 16;
        }
      }
    }
    this.at = at;
    this.#bits = bits;
    this.#count = count;
  }

  #stored(data: Uint8Array, start: number, end: number, final: boolean): void {
    for (let from = start; from < end; from += 65_535) {
      const to = Math.min(end, from + 65_535);
      this.#put(final && to === end ? 1 : 0, 3);
      this.align();
      this.#put(to - from, 16);
      this.#put(~(to - from) & 0xffff, 16);
      this.out.set(data.subarray(from, to), this.at);
      this.at += to - from;
    }
  }

  /**
   * Encodes the lengths of both codes as pairs of run-length symbol and extra bits, and counts the symbols. Returns the
   * end.
   */
  #runLengthsOf(literals: number, distances: number): number {
    const runs = this.#runs;
    this.#runCounts.fill(0);
    let at = 0;
    const all = literals + distances;
    const lengthAt = (i: number): number => (i < literals ? this.#lengths[i]! : this.#farLengths[i - literals]!);
    const put = (symbol: number, extra: number): void => {
      runs[at++] = symbol;
      runs[at++] = extra;
      this.#runCounts[symbol]!++;
    };
    for (let i = 0; i < all;) {
      const length = lengthAt(i);
      let end = i + 1;
      while (end < all && lengthAt(end) === length) end++;
      if (length > 0) {
        put(length, 0);
        i++;
      }
      while (i < end) {
        const same = end - i;
        if (same < 3) put(length, 0);
        else if (length > 0) put(16, Math.min(same, 6) - 3);
        else if (same < 11) put(17, same - 3);
        else put(18, Math.min(same, 138) - 11);
        i += same < 3 ? 1 : Math.min(same, length > 0 ? 6 : same < 11 ? same : 138);
      }
    }
    return at;
  }
}

function usedEnd(lengths: Uint8Array, least: number): number {
  let end = lengths.length;
  while (end > least && lengths[end - 1] === 0) end--;
  return end;
}
