import { readFileSync } from "node:fs";

/** What some work took, in ms: all of it, and the longest time for which the event loop ran nothing else. */
export interface Blocking {
  readonly passed: number;
  readonly longest: number;
  /** The longest such time, less that for which the thread waited for a core that other processes had. */
  readonly busy: number;
}

/** How often a timer looks, in ms. */
const INTERVAL_MS = 1;

/**
 * Measures the delays of a timer while some work runs. Not by `monitorEventLoopDelay`, which misses the first delay
 * after it is enabled.
 */
export async function longestBlock(work: () => Promise<unknown>): Promise<Blocking> {
  let longest = 0;
  let busy = 0;
  let before = performance.now();
  let waitedBefore = waitedForCore();
  const look = (): void => {
    const now = performance.now();
    const waited = waitedForCore();
    longest = Math.max(longest, now - before - INTERVAL_MS);
    busy = Math.max(busy, now - before - INTERVAL_MS - (waited - waitedBefore));
    before = now;
    waitedBefore = waited;
  };
  const timer = setInterval(look, INTERVAL_MS);
  // The timer is due before the work begins.
  await new Promise((resolve) => setTimeout(resolve, 2 * INTERVAL_MS));
  longest = busy = 0;
  waitedBefore = waitedForCore();
  const start = (before = performance.now());
  await work();
  const passed = performance.now() - start;
  look();
  clearInterval(timer);
  return { passed, longest, busy };
}

/** Returns for how many ms this thread has waited for a core so far. Only Linux counts that; elsewhere 0. */
function waitedForCore(): number {
  try {
    return Number(readFileSync("/proc/self/schedstat", "latin1").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}
