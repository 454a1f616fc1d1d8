import type { Backend } from "../backend/backend.ts";
import type { Clock } from "../platform/clock.ts";

/** Longest interval a timer takes everywhere, in ms. */
const KEEP_MS = 2 ** 30;

/** Hears the hints of a backend, one at a time: what a backend gives on end is not taken until there is use for it. */
export class ChangeListener {
  #hints: AsyncIterator<void> | undefined;
  #isAsking = false;
  #heard = false;
  #wake: (() => void) | undefined;

  constructor(backend: Backend, prefix: string, signal: AbortSignal) {
    this.#hints = backend.changes?.(prefix, { signal })[Symbol.asyncIterator]();
  }

  /** Whether there was a hint since {@link listen}. */
  get heard(): boolean {
    return this.#heard;
  }

  /** Whether there may be more. */
  get isActive(): boolean {
    return this.#hints !== undefined;
  }

  /** From now on. */
  listen(): void {
    this.#heard = false;
    if (this.#hints === undefined || this.#isAsking) return;
    this.#isAsking = true;
    // What goes wrong with hints is no trouble: looking from time to time goes on.
    this.#hints.next().then(
      ({ done }) => this.#answer(done !== true),
      () => this.#answer(false),
    );
  }

  /**
   * Waits for a hint if `hears`, at most `ms`; true when one came. The process stays alive for it, though the clock's timer by
   * itself would not keep it: sleeping would move a test's clock.
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
