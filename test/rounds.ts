/** Whether the tests try every fault (`npm run test:faults`), or a sample of each kind (`npm test`). */
export const isFull: boolean = process.env["TEST_SIZE"] === "full";

/** Returns how many rounds a test makes: `quick` or `full`, or what the variable `name` of the environment says. */
export function rounds(quick: number, full: number, name?: string): number {
  const own = name === undefined ? undefined : process.env[name];
  return own === undefined ? (isFull ? full : quick) : Number(own);
}

/** Returns how many cases a property is tried with: `full`, or in a quick run a fifth of them. */
export function cases(full: number): number {
  return rounds(Math.ceil(full / 5), full);
}

/** Returns the step of a loop over the places where a fault can strike: `full`, by default 1 for all of them, or `quick`. */
export function stride(quick: number, full = 1): number {
  return rounds(quick, full);
}

/** Returns all items, or in a quick run one in `quick` of them. */
export function sampled<T>(items: readonly T[], quick: number): readonly T[] {
  return items.filter((_, i) => i % stride(quick) === 0);
}
