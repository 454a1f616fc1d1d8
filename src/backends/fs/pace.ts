/** A call of the file system that takes longer, in ms, was not answered from memory. */
const SLOW_MS = 3;
/** The number of calls that are then made asynchronously, before the next one is tried at once. */
const LEAST_PATIENCE = 64;
const MOST_PATIENCE = 4096;

/**
 * Decides whether calls of a file system are made synchronously, which takes a tenth of the time if the system has the
 * files in memory. After a slow call the next ones are made asynchronously, many at a time.
 */
export class Pace {
  #left = 0;
  #patience = LEAST_PATIENCE;

  /** Returns the result of a call that is made at once, or `undefined` if it should be made asynchronously. */
  atOnce<T>(call: () => T): T | undefined {
    if (this.#left > 0) {
      this.#left--;
      return undefined;
    }
    const began = performance.now();
    try {
      return call();
    } finally {
      if (performance.now() - began > SLOW_MS) {
        this.#left = this.#patience;
        this.#patience = Math.min(2 * this.#patience, MOST_PATIENCE);
      }
    }
  }
}
