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
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const results = new Array<R>(items.length);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length && !stop.signal.aborted) {
      const index = next++;
      try {
        results[index] = await fn(items[index] as T, stop.signal);
      } catch (error) {
        stop.abort(error);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
    stop.signal.throwIfAborted();
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  return results;
}
