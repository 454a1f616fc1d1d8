const SIZE = 4096;

// Not by Math.log2, which may differ in its last bits between engines: the same points have to give the same file.
const table: Float64Array = /* @__PURE__ */ makeTable();

function makeTable(): Float64Array {
  const made = new Float64Array(SIZE);
  for (let n = 2; n < SIZE; n++) {
    if (n % 2 === 0) made[n] = made[n / 2]! + 1;
    else {
      // ln(n / (n - 1)) = 2 artanh(1 / (2n - 1)); the first term left out is below 1e-9.
      const x = 1 / (2 * n - 1);
      const square = x * x;
      made[n] = made[n - 1]! + 2 * Math.LOG2E * x * (1 + square * (1 / 3 + square * (1 / 5 + square / 7)));
    }
  }
  return made;
}

/** Binary logarithm of a positive 31-bit integer to about 11 bits, alike on every platform; 0 of 0. */
export function log2(n: number): number {
  if (n < SIZE) return table[n]!;
  const shift = 20 - Math.clz32(n);
  return table[n >>> shift]! + shift;
}
