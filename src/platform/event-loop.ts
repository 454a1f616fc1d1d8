/** How long a calculation may run before it lets other work run, in ms. */
const SLICE_MS = 20;

/**
 * Does a long calculation in slices, between which timers and requests run. `work` yields where it may be interrupted.
 * Returns what it returns.
 */
export async function inSlices<T>(work: Iterator<unknown, T, void>): Promise<T> {
  let began = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value as T;
    if (performance.now() - began < SLICE_MS) continue;
    await nextTask();
    began = performance.now();
  }
}

/** Resolves in a later task. Not by a timer, because timers wait in background tabs, and tests replace them. */
function nextTask(): Promise<void> {
  if (typeof MessageChannel === "undefined") return new Promise((resolve) => setTimeout(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const settle = (): void => {
      port1.close();
      resolve();
    };
    port1.addEventListener("message", settle, { once: true });
    port1.start();
    port2.postMessage(0);
  });
}
