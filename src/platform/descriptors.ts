/** The longest time in ms that a call waits for a free descriptor before it fails. */
const PATIENCE_MS = 10_000;
const LONGEST_PAUSE_MS = 100;

/** Returns whether an error means that the process or the system has no file descriptor left. */
export function lacksDescriptors(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return code === "EMFILE" || code === "ENFILE";
}

/**
 * Runs a call, and repeats it after a pause while no descriptor is left, because others may be closed in the meantime.
 * Does not repeat it after an error for which `isFinal` returns true.
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
