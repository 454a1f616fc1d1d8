/** How long calls of a file system take, in ms, that the system does not answer from memory: of a server, of a disk. */
const SLOW_MS = 0.3;
const VERY_SLOW_MS = 3;
/**
 * What a call adds to the sum that must not exceed `MOST`. A few slow calls mean nothing, because other processes may
 * have interrupted them.
 */
const FAST = -1;
const SLOW = 4;
const VERY_SLOW = 16;
const MOST = 40;
/** The sum after calls were made asynchronously: then fewer slow calls suffice. */
const WARY = 20;
/** The number of calls that are made asynchronously, before the next one is tried at once. */
const LEAST_PATIENCE = 64;
const MOST_PATIENCE = 4096;

/**
 * Decides whether calls of a file system are made synchronously, which takes a tenth of the time if the system has the
 * files in memory. After slow calls the next ones are made asynchronously, many at a time.
 */
export class Pace {
  #sum = 0;
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
      const took = performance.now() - began;
      this.#sum = Math.max(0, this.#sum + (took > VERY_SLOW_MS ? VERY_SLOW : took > SLOW_MS ? SLOW : FAST));
      if (this.#sum > MOST) {
        this.#sum = WARY;
        this.#left = this.#patience;
        this.#patience = Math.min(2 * this.#patience, MOST_PATIENCE);
      }
    }
  }
}
