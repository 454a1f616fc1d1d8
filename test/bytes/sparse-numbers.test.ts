import { expect, test } from "vitest";
import { isPowerOfTwo, laterNumbers, staysBelow } from "../../src/bytes/sparse-numbers.ts";

/** Finds the newest number as a reader does that cannot list. */
function search(has: (n: number) => boolean): number {
  let low = 0;
  let high = 1;
  while (has(high)) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (has(middle)) low = middle;
    else high = middle;
  }
  return low;
}

test("the search finds the newest number although few others stay, and so does the look for later ones", () => {
  let kept: number[] = [];
  const before: (readonly number[])[] = [];
  for (let newest = 1; newest <= 600; newest++) {
    kept = [...kept.filter((n) => staysBelow(newest, n)), newest];
    expect(search((n) => kept.includes(n))).toBe(newest);
    expect(kept.length).toBeLessThanOrEqual(2 * Math.floor(Math.log2(newest)) + 1);
    before.push(kept);
  }
  const wrong: (readonly [number, number])[] = [];
  for (const [i, numbers] of before.entries()) {
    const there = new Set(numbers);
    for (let n = 0; n <= 640; n++)
      if (laterNumbers(n).some((later) => there.has(later)) !== n < i + 1) wrong.push([i + 1, n]);
  }
  expect(wrong).toEqual([]);
});

test("powers of two always stay, and numbers up to the greatest have later ones", () => {
  expect([1, 2, 3, 4, 6, 512, 513, 2 ** 29].filter(isPowerOfTwo)).toEqual([1, 2, 4, 512, 2 ** 29]);
  for (let exponent = 0; exponent < 30; exponent++) expect(staysBelow(999_999_999, 2 ** exponent)).toBe(true);
  expect(laterNumbers(999_999_999).every((n) => n > 999_999_999)).toBe(true);
});
