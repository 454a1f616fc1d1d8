/** Longest wait for a free descriptor, in ms, before a call fails. */
const PATIENCE_MS = 10_000;
const LONGEST_PAUSE_MS = 100;

/** Whether the process, or the system, has no file descriptor left. */
export function lacksDescriptors(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return code === "EMFILE" || code === "ENFILE";
}

/**
 * Calls again after a pause while there is no descriptor left: others are closed meanwhile. `isFinal`: errors after which that is of no
 * use.
 */
export async function withDescriptors<T>(
  call: () => Promise<T>,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<T> {
  let waited = 0;
  for (let pause = 1; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await call();
    } catch (error) {
      if (!lacksDescriptors(error) || isFinal(error) || waited >= PATIENCE_MS) throw error;
    }
    await new Promise((resolve) => void setTimeout(resolve, pause));
    waited += pause;
  }
}
