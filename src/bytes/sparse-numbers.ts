/*
 * Objects are numbered from 1, and old ones are removed. A reader that cannot list finds the newest by doubling a number
 * until it has no object, and then by bisection. The objects that this search finds on its way to the newest stay: the
 * powers of two, and the numbers that the newest becomes if its lowest binary digits are cleared. So about twice as many
 * stay as the newest number has binary digits. A number that does not stay never becomes one that stays.
 *
 * Numbers are below 2^30.
 */

/** Returns whether the search for `newest` finds number `n` on its way. */
export function staysBelow(newest: number, n: number): boolean {
  return isPowerOfTwo(n) || (newest & -lowestBit(n)) === n;
}

/** Returns whether `n` is a number that always stays. */
export function isPowerOfTwo(n: number): boolean {
  return n === lowestBit(n);
}

/** Returns a few numbers. If any number above `n` was taken, at least one of these stays. `n` 0: none was taken yet. */
export function laterNumbers(n: number): number[] {
  const later: number[] = [];
  let bit = 1;
  for (; bit <= n; bit *= 2) if ((n & bit) === 0) later.push((n | bit) & -bit);
  return [...later, bit];
}

function lowestBit(n: number): number {
  return n & -n;
}
