import type { CallOptions } from "./backend.ts";

/** The options a backend call takes for a signal that may be missing. */
export function callOptions(signal: AbortSignal | undefined): CallOptions {
  return signal === undefined ? {} : { signal };
}
