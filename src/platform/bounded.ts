import { breakIfDue } from "./event-loop.ts";

/**
 * Calls `fn` for every item, at most `limit` at a time. Returns the results in the order of the items. The first
 * failure aborts the signals of the other calls, and rejects this one when all have ended.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal | undefined,
  fn: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  signal?.throwIfAborted();
  // One controller for each lane, because Node warns of more than ten listeners on a signal.
  const lanes = Array.from({ length: Math.min(limit, items.length) }, () => new AbortController());
  let failure: { readonly reason: unknown } | undefined;
  const stop = (reason: unknown): void => {
    failure ??= { reason };
    for (const lane of lanes) lane.abort(failure.reason);
  };
  const onAbort = (): void => stop(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const results = new Array<R>(items.length);
  let next = 0;
  const work = async (lane: AbortController): Promise<void> => {
    while (next < items.length && failure === undefined) {
      const index = next++;
      try {
        results[index] = await fn(items[index] as T, lane.signal);
      } catch (error) {
        stop(error);
      }
      if (next >= items.length || failure !== undefined) break;
      // What is read from memory comes without any pause.
      const pause = breakIfDue();
      if (pause !== undefined) await pause;
    }
  };
  try {
    await Promise.all(lanes.map(work));
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  if (failure !== undefined) throw (failure as { readonly reason: unknown }).reason;
  return results;
}

/** Returns a function that runs the tasks given to it in order, at most `limit` at a time. */
export function gate(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = limit;
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
