import { hostEnvironment } from "#environment";
import type { Dictionary } from "../journal/event.ts";

/**
 * What the program runs on, as far as it says so itself: runtime and version, operating system, processor, number of cores.
 * Nothing personal: no user, host or path names, no arguments, no environment variables.
 */
export async function captureEnvironment(): Promise<Dictionary> {
  return await hostEnvironment();
}
