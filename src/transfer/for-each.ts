import { mapBounded } from "../platform/bounded.ts";

/**
 * Calls `work` for each item, at most `limit` at a time, and asks for items only as fast as they are worked on. The first
 * failure aborts the signals of the other calls, and rejects this one when all have ended.
 */
export async function forEachBounded<T>(
  items: AsyncIterable<T>,
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  let isOver = false;
  try {
    await mapBounded(Array.from({ length: limit }), limit, signal, async (_, stop) => {
      while (!isOver) {
        stop.throwIfAborted();
        const next = await iterator.next();
        if (next.done === true) isOver = true;
        else await work(next.value, stop);
      }
    });
  } finally {
    if (!isOver) await iterator.return?.();
  }
}
