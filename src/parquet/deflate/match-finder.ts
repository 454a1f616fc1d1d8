import { distanceExtra, distanceSymbol, lengthExtra, lengthSymbols, LONGEST, SHORTEST, WINDOW } from "./symbols.ts";
import { type Histogram, log2 } from "./symbol-counts.ts";

const HASH_BITS = 14;
// Estimated costs in bits of the parts of a match, before the code is known.
const LENGTH_BITS = 7;
const RUN_BITS = 8;
const DISTANCE_BITS = 4;
/** The longest stride between the positions that are tried, and after how many failures the stride grows by one. */
const STRIDE = 21;
const PATIENCE = 24;

/**
 * Finds the runs and repetitions that save bits (LZ77). A sequence is two numbers: how many bytes are literals, then
 * the match after them as `length | distance << 9`, or 0 without a match.
 */
export class SequenceFinder {
  readonly #recent = new Int32Array(1 << HASH_BITS);
  readonly #costs = new Float64Array(256);
  /** Counts failures since the last match: the more, the fewer positions are tried. */
  #misses = 0;
  #data: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#data.buffer);

  begin(data: Uint8Array): void {
    this.#recent.fill(-1);
    this.#misses = 0;
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.length);
  }

  /**
   * Writes the sequences of the data in `[start, end)` to `out` from `at` on, sets `counts`, and returns where they
   * end.
   */
  find(start: number, end: number, out: Uint32Array, at: number, counts: Histogram): number {
    const data = this.#data;
    const view = this.#view;
    const { literals, distances } = counts;
    const recent = this.#recent;
    const costs = this.#costs;
    literals.fill(0);
    distances.fill(0);

    const first = data[start]!;
    let i = start;
    while (i < end && data[i] === first) i++;
    if (i === end) return repeat(data, start, end, out, at, counts);

    for (i = start; i < end; i++) literals[data[i]!]!++;
    const probe = this.#setCosts(literals, end - start);
    const lastTry = end - 1 - Math.max(3, probe);
    let literal = start;
    let misses = this.#misses;
    i = start;
    while (i < end) {
      const byte = data[i]!;
      if (i > 0 && byte === data[i - 1] && i + 2 < end && byte === data[i + 1] && byte === data[i + 2]) {
        const stop = Math.min(end, i + LONGEST);
        let j = i + 3;
        while (j < stop && data[j] === byte) j++;
        const length = j - i;
        if (length * costs[byte]! > RUN_BITS) {
          literals[byte]! -= length;
          literals[lengthSymbols[length - SHORTEST]!]!++;
          distances[0]!++;
          out[at++] = i - literal;
          out[at++] = length | (1 << 9);
          literal = j;
        }
        i = j;
        continue;
      }
      if (i > lastTry) break;
      const word = view.getInt32(i, true);
      const hash = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
      const from = recent[hash]!;
      const distance = i - from;
      recent[hash] = i;
      if (
        from >= 0 &&
        distance <= WINDOW &&
        view.getInt32(from, true) === word &&
        data[from + probe] === data[i + probe]
      ) {
        const limit = Math.min(LONGEST, end - i);
        let length = 0;
        let saved = 0;
        while (length < limit && data[from + length] === data[i + length]) saved += costs[data[i + length++]!]!;
        const far = distanceSymbol(distance);
        const near = lengthSymbols[length - SHORTEST]!;
        const gain = saved - (LENGTH_BITS + DISTANCE_BITS + distanceExtra(far) + lengthExtra[near - 257]!);
        if (gain > 0) {
          out[at++] = i - literal;
          out[at++] = length | (distance << 9);
          literals[near]!++;
          distances[far]!++;
          for (literal = i + length; i < literal; i++) literals[data[i]!]!--;
          misses = Math.max(0, misses - 8 * gain);
          continue;
        }
      }
      i += 1 + Math.floor(misses / PATIENCE);
      if (misses < PATIENCE * (STRIDE - 1)) misses++;
    }
    this.#misses = misses;
    if (literal < end) {
      out[at++] = end - literal;
      out[at++] = 0;
    }
    return at;
  }

  /**
   * Sets what each byte costs as a literal. Returns how many bytes must agree at least before a match can save bits.
   */
  #setCosts(literals: Uint32Array, length: number): number {
    const all = log2(length);
    let bits = 0;
    for (let byte = 0; byte < 256; byte++) {
      // A code has at least one bit.
      const cost = Math.max(1, all - log2(literals[byte]!));
      this.#costs[byte] = cost;
      bits += cost * literals[byte]!;
    }
    return Math.min(12, Math.floor((18 * length) / bits));
  }
}

/** Writes the sequences of a stretch in which all bytes are equal. */
function repeat(data: Uint8Array, start: number, end: number, out: Uint32Array, at: number, counts: Histogram): number {
  const byte = data[start]!;
  let literal = start > 0 && data[start - 1] === byte ? 0 : 1;
  counts.literals[byte] = literal;
  for (let i = start + literal; i < end;) {
    let length = Math.min(LONGEST, end - i);
    if (length < SHORTEST) {
      counts.literals[byte]! += length;
      literal += length;
      length = 0;
    } else {
      counts.literals[lengthSymbols[length - SHORTEST]!]!++;
      counts.distances[0]!++;
    }
    out[at++] = literal;
    out[at++] = length > 0 ? length | (1 << 9) : 0;
    i += length > 0 ? length : end - i;
    literal = 0;
  }
  if (literal > 0 && end === start + 1) {
    out[at++] = literal;
    out[at++] = 0;
  }
  return at;
}
