import { writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects garbage, so that none of it can be used again unseen, and gives the resident set. */
export function residentBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage.rss();
}

/** Forgets the highest resident set so far. Only Linux can: elsewhere {@link peakBytes} is that of the whole process. */
export function forgetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // The peak is then an upper bound.
  }
}

/** The highest resident set since {@link forgetPeak}. */
export function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
