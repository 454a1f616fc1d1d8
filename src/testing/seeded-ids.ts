import type { IdSource } from "../index.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * Returns a source of ids that are always the same for one seed. They have the form of real ids: the id of a run begins
 * with the time of the clock, so that runs sort by start.
 */
export function seededIds(seed: number, now: () => number): IdSource {
  const random = randomLetters(seed);
  // A stream of their own, because they are made in the background: when decides nothing else.
  const ofSegments = randomLetters(seed ^ 0x5e9);
  let last = 0;
  return (kind) => {
    if (kind === "segment") return ofSegments(26);
    if (kind !== "run") return random(26);
    last = Math.max(Math.floor(now()), last + 1);
    let time = "";
    for (let rest = last; time.length < 10; rest = Math.floor(rest / 32)) time = (ALPHABET[rest % 32] as string) + time;
    return time + random(16);
  };
}

/** Returns a generator of random letters that uses mulberry32. */
function randomLetters(seed: number): (length: number) => string {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return (length) => Array.from({ length }, () => ALPHABET[next() >>> 27]).join("");
}
