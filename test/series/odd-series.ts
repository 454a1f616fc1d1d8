import fc from "fast-check";
import type { Series } from "../../src/series/series.ts";

const MOST = Number.MAX_SAFE_INTEGER;

type Source = () => number;

/** Numbers in [0, 1) from a seed. */
function random(seed: number): Source {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const anyBits = (next: Source): number =>
  new Float64Array(Uint32Array.of(next() * 2 ** 32, next() * 2 ** 32).buffer)[0] as number;
const specials = [Number.NaN, Infinity, -Infinity, -0, 0, 5e-324, -1.7e308, 1.7e308, 1, Math.fround(0.1)];

const valueKinds: Record<string, (next: Source, i: number) => number> = {
  noise: (next) => Math.fround(next() - 0.5),
  noise64: (next) => next() - 0.5,
  smooth: (_, i) => 3e-4 * (1 + Math.cos(i / 700)),
  decimal: (next, i) => Math.round(i * 7 + next() * 100) / 100,
  counts: (next) => Math.floor(next() * 4),
  constant: () => 0.25,
  nothing: () => Number.NaN,
  specials: (next) => specials[Math.floor(next() * specials.length)] as number,
  mostlyNaN: (next) => (next() < 0.01 ? next() : Number.NaN),
  gap: (next, i) => (i % 1000 < 700 ? Number.NaN : next()),
  infinite: (next) => (next() < 0.5 ? Infinity : -Infinity),
  zeros: (next) => (next() < 0.5 ? -0 : 0),
  bits: anyBits,
};

const stepKinds: Record<string, (next: Source, i: number, n: number) => number> = {
  each: (_, i) => i,
  tens: (_, i) => 7 + 10 * i,
  negative: (_, i, n) => i - n,
  ragged: (next, i) => i * 20 + Math.floor(next() * 20),
  repeated: (_, i) => Math.floor(i / 3),
  // As a run that lost its place and went over a stretch again.
  resumed: (_, i, n) => (i < n / 2 ? i : Math.floor(n / 2 + (i - n / 2) / 2)),
  same: () => 5,
  extreme: (_, i, n) => (i < n / 2 ? -MOST + i : MOST - n + i),
  beyond32: (_, i) => 2 ** 40 + 3 * i,
};

const timeKinds: Record<string, (next: Source, i: number) => number> = {
  steady: (_, i) => 1.77e12 + 55 * i,
  stalling: (next, i) => 1.77e12 + 55 * i + Math.floor(next() * 20) + 9000 * Math.floor(i / 500),
  back: (next) => Math.floor(1e12 * next()),
  same: () => 0,
  wild: (next) => Math.floor((next() - 0.5) * 2 * MOST),
};

/** What makes a series: small enough for a report of a failure. */
export interface Recipe {
  readonly n: number;
  readonly seed: number;
  readonly values: string;
  readonly steps: string;
  readonly times: string;
}

export function seriesOf({ n, seed, values, steps, times }: Recipe): Series {
  const next = random(seed);
  const fill = (make: (i: number) => number): Float64Array => {
    const column = new Float64Array(n);
    for (let i = 0; i < n; i++) column[i] = make(i);
    return column;
  };
  return {
    steps: fill((i) => stepKinds[steps]!(next, i, n)),
    times: fill((i) => timeKinds[times]!(next, i)),
    values: fill((i) => valueKinds[values]!(next, i)),
  };
}

/** Recipes of series with everything that may be logged; `smallest` to `largest` points, mostly near the borders. */
export function recipes(smallest: number, largest: number): fc.Arbitrary<Recipe> {
  const near = [1, 2, 3, 4, 249, 250, 251, 499, 500, 501, 502, 999, 1000, 1001].filter(
    (n) => n >= smallest && n <= largest,
  );
  return fc.record({
    n: fc.oneof(fc.constantFrom(...near), fc.integer({ min: smallest, max: largest })),
    seed: fc.integer(),
    values: fc.constantFrom(...Object.keys(valueKinds)),
    steps: fc.constantFrom(...Object.keys(stepKinds)),
    times: fc.constantFrom(...Object.keys(timeKinds)),
  });
}
