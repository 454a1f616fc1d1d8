import type { Backend } from "../backend/backend.ts";
import type { Clock } from "../platform/clock.ts";

/** The longest interval that every timer takes, in ms. */
const KEEP_MS = 2 ** 30;

/** Takes the hints of a backend one at a time: it takes the next hint only after {@link listen}. */
export class ChangeListener {
  #hints: AsyncIterator<void> | undefined;
  #isAsking = false;
  #heard = false;
  #wake: (() => void) | undefined;

  constructor(backend: Backend, prefix: string, signal: AbortSignal) {
    this.#hints = backend.changes?.(prefix, { signal })[Symbol.asyncIterator]();
  }

  /** Whether a hint came since {@link listen}. */
  get heard(): boolean {
    return this.#heard;
  }

  /** Whether more hints may come. */
  get isActive(): boolean {
    return this.#hints !== undefined;
  }

  /** Forgets earlier hints, and waits for the next one in the background. */
  listen(): void {
    this.#heard = false;
    if (this.#hints === undefined || this.#isAsking) return;
    this.#isAsking = true;
    // A failure of hints is harmless: the watcher also looks from time to time.
    this.#hints.next().then(
      ({ done }) => this.#answer(done !== true),
      () => this.#answer(false),
    );
  }

  /**
   * Waits `ms`, or until a hint comes if `hears`. Returns whether a hint came. Keeps the process alive meanwhile with a
   * timer of its own, because timers of the clock do not, and `clock.sleep` would move the clock of a test.
   */
  wait(ms: number, hears: boolean, clock: Clock, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (hears && this.#heard) return resolve(true);
      if (ms <= 0) return resolve(false);
      const held = setInterval(() => {}, KEEP_MS);
      const end = (): void => {
        clearInterval(held);
        timer.cancel();
        this.#wake = undefined;
        signal.removeEventListener("abort", abort);
      };
      const abort = (): void => {
        end();
        reject(signal.reason);
      };
      const timer = clock.timer(ms, () => {
        end();
        resolve(false);
      });
      if (hears) {
        this.#wake = () => {
          end();
          resolve(true);
        };
      }
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  close(): void {
    const hints = this.#hints;
    this.#hints = undefined;
    hints?.return?.().catch(() => {});
  }

  #answer(isHint: boolean): void {
    this.#isAsking = false;
    if (!isHint) this.#hints = undefined;
    else {
      this.#heard = true;
      this.#wake?.();
    }
  }
}
