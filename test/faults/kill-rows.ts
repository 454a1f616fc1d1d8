import type { Metrics } from "../../src/index.ts";

/** The `n`-th row that a child logs. `loss` is in all, with another value in each; `accuracy` in every second one. */
export function rowOf(n: number): { metrics: Metrics; step: number; time: number } {
  const loss = n % 3 === 0 ? n : 1 / (n + 1);
  return { metrics: n % 2 === 0 ? { loss, accuracy: -n } : { loss }, step: n, time: 1_700_000_000_000 + 7 * n };
}
