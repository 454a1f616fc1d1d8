import { Unzlib } from "fflate";

/** How many bytes are inflated in one step. They inflate to 16 MiB at most. */
const STEP: number = 16 * 1024;

/** Returns whether deflated bytes inflate to at most `max` bytes. Keeps none of them. */
export function inflatesWithin(deflated: Uint8Array, max: number): boolean {
  let size = 0;
  const stream = new Unzlib((chunk) => (size += chunk.length));
  try {
    for (let from = 0; from < deflated.length && size <= max; from += STEP)
      stream.push(deflated.subarray(from, from + STEP));
  } catch {
    return false; // Damaged.
  }
  return size <= max;
}
