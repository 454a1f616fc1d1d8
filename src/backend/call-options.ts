import type { CallOptions } from "./backend.ts";

/** Returns the options of a backend call for a signal that may be missing. */
export function callOptions(signal: AbortSignal | undefined): CallOptions {
  return signal === undefined ? {} : { signal };
}
