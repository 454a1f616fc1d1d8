/** How often a training gives way to other work of the program, in ms: as often as TF.js does. */
export const YIELD_MS = 125;

/**
 * Resolves in another turn of the event loop: with the next frame of a page that is visible, and soon in a hidden page,
 * where `tf.nextFrame()` never resolves.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof document === "undefined" || typeof requestAnimationFrame === "undefined") {
      const { setImmediate } = globalThis as { setImmediate?: (done: () => void) => void };
      if (typeof setImmediate === "function") setImmediate(resolve);
      else setTimeout(resolve);
      return;
    }
    if (document.hidden) {
      // Browsers delay timers of hidden pages, but not messages.
      const { port1, port2 } = new MessageChannel();
      port1.addEventListener("message", () => {
        port1.close();
        resolve();
      });
      port1.start();
      port2.postMessage(0);
      return;
    }
    const done = (): void => {
      document.removeEventListener("visibilitychange", done);
      resolve();
    };
    document.addEventListener("visibilitychange", done);
    requestAnimationFrame(done);
  });
}

/** Says when the next turn is due. */
export class Pace {
  readonly #ms: number;
  #last: number = performance.now();

  constructor(ms: number = YIELD_MS) {
    this.#ms = ms;
  }

  /** Returns whether the time has passed since the last call that returned `true`. */
  isDue(): boolean {
    const now = performance.now();
    if (now - this.#last < this.#ms) return false;
    this.#last = now;
    return true;
  }

  /** Begins the time again. */
  restart(): void {
    this.#last = performance.now();
  }
}
