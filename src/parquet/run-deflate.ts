import { BlockWriter, MOST_OF_STORED } from "./deflate-block.ts";
import { DISTANCES, END, distanceExtra, lengthExtra, LITERALS } from "./deflate-symbols.ts";
import { log2 } from "./log2.ts";
import { Histogram, SequenceFinder } from "./sequences.ts";

const CHUNK = 4096;
/** Numbers of sequences in a block: two a sequence. */
const MOST = 32_768;

/**
 * Deflate for pages of numbers: planes of bytes that are constant, skewed or random. A block is as many chunks as are
 * alike, so that its code fits them. Gives the same bytes on every platform. Keeps its buffers for the next call.
 */
export class RunDeflate {
  readonly #finder = new SequenceFinder();
  readonly #writer = new BlockWriter();
  readonly #sequences = new Uint32Array(MOST + CHUNK);
  #block = new Histogram();
  #chunk = new Histogram();
  #both = new Histogram();

  /**
   * Deflates `data` to `out` from `at`, which must have the room {@link deflateBound} says, and returns the end. `parts`
   * are the ends of stretches that may differ in kind, ascending, the last at the end of the data.
   */
  deflate(data: Uint8Array, parts: readonly number[], out: Uint8Array, at: number): number {
    const writer = this.#writer;
    const sequences = this.#sequences;
    writer.out = out;
    writer.at = at;
    this.#finder.begin(data);
    let from = 0;
    let length = 0;
    let cost = 0;
    let part = 0;
    for (let start = 0, end = 0; start < data.length; start = end) {
      while (parts[part]! <= start) part++;
      const rest = parts[part]! - start;
      end = start + Math.ceil(rest / Math.ceil(rest / CHUNK));
      const chunk = this.#chunk;
      const next = this.#finder.find(start, end, sequences, length, chunk);
      const own = costOf(chunk, end - start);
      if (start > 0) {
        add(this.#block, chunk, this.#both);
        const joint = costOf(this.#both, end - from);
        if (joint <= cost + own && next <= MOST) {
          const both = this.#both;
          this.#both = this.#block;
          this.#block = both;
          cost = joint;
          length = next;
          continue;
        }
        writer.block(sequences, length, this.#block, data, from, start, false);
        sequences.copyWithin(0, length, next);
      }
      this.#chunk = this.#block;
      this.#block = chunk;
      from = start;
      cost = own;
      length = next - (start > 0 ? length : 0);
    }
    if (data.length > 0) writer.block(sequences, length, this.#block, data, from, data.length, true);
    else writer.empty();
    writer.align();
    return writer.at;
  }
}

/** The most bytes that deflating `length` bytes in so many parts can give. */
export function deflateBound(length: number, parts: number): number {
  return length + 6 * (2 + Math.ceil(length / CHUNK) + parts);
}

function add(a: Histogram, b: Histogram, sum: Histogram): void {
  for (let i = 0; i < LITERALS; i++) sum.literals[i] = a.literals[i]! + b.literals[i]!;
  for (let i = 0; i < DISTANCES; i++) sum.distances[i] = a.distances[i]! + b.distances[i]!;
}

/** About how many bits a block of these symbols takes: those of its `bytes` where it will be stored. */
function costOf({ literals, distances }: Histogram, bytes: number): number {
  let total = 0;
  let bits = 40;
  for (let i = 0; i < LITERALS; i++) {
    const count = literals[i]!;
    if (count > 0) {
      total += count;
      bits += 3 - count * log2(count) + (i > END ? count * lengthExtra[i - 257]! : 0);
    }
  }
  bits += total * log2(total);
  total = 0;
  for (let i = 0; i < DISTANCES; i++) {
    const count = distances[i]!;
    if (count > 0) {
      total += count;
      bits += 3 - count * log2(count) + count * distanceExtra(i);
    }
  }
  bits += total * log2(total);
  return bits > MOST_OF_STORED * 8 * bytes ? 8 * bytes + 40 : bits;
}
