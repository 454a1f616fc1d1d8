/**
 * `fn` of every item, at most `limit` at a time, results in the order of the items. The first failure aborts the signal the others
 * were given; the call rejects with it once all have ended.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal | undefined,
  fn: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  signal?.throwIfAborted();
  // One for each lane: Node warns of more than ten listeners on a signal.
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

/** Lets at most `limit` of the works that are given to it go on at a time, in the order in which they came. */
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
