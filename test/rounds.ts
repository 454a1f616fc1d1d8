/** Whether the tests try every fault (`npm run test:faults`), or a sample of each kind (`npm test`). */
export const isFull: boolean = process.env["TEST_SIZE"] === "full";

/** Returns how many rounds a test makes: `quick` or `full`, or what the variable `name` of the environment says. */
export function rounds(quick: number, full: number, name?: string): number {
  const own = name === undefined ? undefined : process.env[name];
  return own === undefined ? (isFull ? full : quick) : Number(own);
}

/** Returns the step of a loop over the places where a fault can strike: 1 for all of them, or `quick`. */
export function stride(quick: number): number {
  return rounds(quick, 1);
}

/** Returns all items, or in a quick run one in `quick` of them. */
export function sampled<T>(items: readonly T[], quick: number): readonly T[] {
  return items.filter((_, i) => i % stride(quick) === 0);
}
