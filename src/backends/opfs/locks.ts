/**
 * Runs `work` while no other tab or worker of the site holds the lock. Requests for one lock get it in the order in
 * which they were made. Rejects if the signal is aborted before it has the lock.
 */
export function withLock<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(name, signal ? { signal } : {}, work) as Promise<T>;
}

/** Runs `work` with several locks. Takes them in one order everywhere, so that no two callers wait for each other. */
export function withLocks<T>(
  names: readonly string[],
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const [first, ...others] = names.toSorted();
  if (first === undefined) return work();
  return withLock(first, signal, () => withLocks(others, signal, work));
}
