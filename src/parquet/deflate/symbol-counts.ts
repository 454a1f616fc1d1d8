import { DISTANCES, distanceExtra, END, lengthExtra, LITERALS } from "./symbols.ts";

/** Counts how often a stretch of data needs each symbol. */
export class Histogram {
  /** Counts of the literals, then of the lengths. */
  readonly literals: Uint32Array = new Uint32Array(LITERALS);
  readonly distances: Uint32Array = new Uint32Array(DISTANCES);
}

/**
 * A block is stored uncompressed unless deflate saves a sixteenth: inflating it takes several times as long as copying
 * it.
 */
export const MOST_OF_STORED: number = 15 / 16;

export function addCounts(a: Histogram, b: Histogram, sum: Histogram): void {
  for (let i = 0; i < LITERALS; i++) sum.literals[i] = a.literals[i]! + b.literals[i]!;
  for (let i = 0; i < DISTANCES; i++) sum.distances[i] = a.distances[i]! + b.distances[i]!;
}

/** Returns about how many bits a block of these symbols takes, or those of its `bytes` if it will be stored. */
export function costOf({ literals, distances }: Histogram, bytes: number): number {
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

const SIZE = 4096;

// Math.log2 may differ in its last bits between engines, and the same points must give the same file.
const table: Float64Array = /* @__PURE__ */ makeTable();

function makeTable(): Float64Array {
  const made = new Float64Array(SIZE);
  for (let n = 2; n < SIZE; n++) {
    if (n % 2 === 0) made[n] = made[n / 2]! + 1;
    else {
      // ln(n / (n - 1)) = 2 artanh(1 / (2n - 1)). The first term that is left out is below 1e-9.
      const x = 1 / (2 * n - 1);
      const square = x * x;
      made[n] = made[n - 1]! + 2 * Math.LOG2E * x * (1 + square * (1 / 3 + square * (1 / 5 + square / 7)));
    }
  }
  return made;
}

/**
 * Returns the binary logarithm of a positive 31-bit integer to about 11 bits, or 0 for 0. It is the same on every
 * platform.
 */
export function log2(n: number): number {
  if (n < SIZE) return table[n]!;
  const shift = 20 - Math.clz32(n);
  return table[n >>> shift]! + shift;
}
