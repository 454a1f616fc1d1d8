/** What some work took, in ms: all of it, and the longest time for which the event loop ran nothing else. */
export interface Blocking {
  readonly passed: number;
  readonly longest: number;
}

/** How often a timer looks, in ms. */
const INTERVAL_MS = 1;

/**
 * Measures the delays of a timer while some work runs. Not by `monitorEventLoopDelay`, which misses the first delay
 * after it is enabled.
 */
export async function longestBlock(work: () => Promise<unknown>): Promise<Blocking> {
  let longest = 0;
  let before = performance.now();
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - before - INTERVAL_MS);
    before = now;
  };
  const timer = setInterval(look, INTERVAL_MS);
  // The timer is due before the work begins.
  await new Promise((resolve) => setTimeout(resolve, 2 * INTERVAL_MS));
  longest = 0;
  const start = (before = performance.now());
  await work();
  const passed = performance.now() - start;
  look();
  clearInterval(timer);
  return { passed, longest };
}
