/** What a trial is trained with. */
export interface Settings {
  readonly learningRate: number;
  readonly hidden: number;
  readonly optimizer: "sgd" | "adam";
}

const OPTIMIZERS = ["sgd", "adam"] as const;

/** Returns every combination of a few values. */
export function grid(): Settings[] {
  return OPTIMIZERS.flatMap((optimizer) =>
    [4, 16, 64].flatMap((hidden) => [0.001, 0.01, 0.1].map((learningRate) => ({ learningRate, hidden, optimizer }))),
  );
}

/** Returns settings drawn at random. The same seed gives the same settings, so a sweep that was stopped can go on. */
export function random(trials: number, seed: number): Settings[] {
  if (!Number.isSafeInteger(trials) || trials < 1) throw new Error(`--trials is a positive integer, not ${trials}`);
  const draw = generator(seed);
  return Array.from({ length: trials }, () => ({
    // As many between 0.001 and 0.01 as between 0.01 and 0.1.
    learningRate: Number((10 ** (-3 + 2.5 * draw())).toPrecision(3)),
    hidden: 2 ** (2 + Math.floor(5 * draw())),
    optimizer: OPTIMIZERS[Math.floor(2 * draw())] as Settings["optimizer"],
  }));
}

/** Mulberry32: returns numbers from 0 to below 1. */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
