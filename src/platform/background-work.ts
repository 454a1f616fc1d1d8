import { abortable } from "./abort.ts";
import { unreference } from "./clock.ts";

/**
 * Work that goes on after the calls that asked for it, one piece at a time. It keeps the process alive only while
 * somebody waits for it.
 */
export class BackgroundWork {
  readonly #onError: (reason: unknown) => void;
  readonly #queued = new Map<string, () => Promise<void>>();
  readonly #paused = new Set<() => void>();
  /** Ends with the last piece of work that has begun or waits for its turn. */
  #last: Promise<void> = Promise.resolve();
  #ended = 0;
  #isDraining = false;
  /** The number of callers who wait for the work. */
  #awaited = 0;

  /** `onError` gets the reason when queued work fails. */
  constructor(onError: (reason: unknown) => void) {
    this.#onError = onError;
  }

  /** The number of pieces of work that have ended. */
  get ended(): number {
    return this.#ended;
  }

  /** Whether queued work goes on or waits for its turn. */
  get isBusy(): boolean {
    return this.#isDraining;
  }

  /** Whether somebody waits for the work. */
  get isAwaited(): boolean {
    return this.#awaited > 0;
  }

  /** Does `work` soon. Of queued work with the same key only the last counts. */
  queue(key: string, work: () => Promise<void>): void {
    this.#queued.set(key, work);
    if (!this.#isDraining) void this.#drain();
  }

  /** Waits for the work that has begun, then does `work` and returns its result, while no other work goes on. */
  async alone<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return await this.#inTurn(work, (before) => this.#await(() => abortable(before, signal)));
  }

  /** Waits until all queued work has ended, or the signal is aborted. */
  async settled(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const ended = async (): Promise<void> => {
      while (this.#isDraining) await this.#last;
    };
    await this.#await(() => abortable(ended(), signal));
  }

  /**
   * Resolves in a later task. If nothing else keeps the process alive, and nobody waits for the work, the process ends
   * instead.
   */
  async pause(): Promise<void> {
    if (this.isAwaited) return;
    await new Promise<void>((resolve) => {
      let handle: ReturnType<typeof setTimeout>;
      const wait = (then: () => void): boolean => {
        handle = setTimeout(then, 0);
        return unreference(handle);
      };
      const go = (): void => {
        clearTimeout(handle);
        this.#paused.delete(go);
        resolve();
      };
      this.#paused.add(go);
      // The first timer may be due before the process looks whether anything keeps it alive, so a second one follows.
      // Where no timer keeps a process alive, there is nothing to wait for.
      if (!wait(() => void wait(go))) go();
    });
  }

  async #await<T>(work: () => Promise<T>): Promise<T> {
    this.#awaited++;
    for (const go of this.#paused) go();
    try {
      return await work();
    } finally {
      this.#awaited--;
    }
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    for (const [key, work] of this.#queued) {
      this.#queued.delete(key);
      try {
        await this.#inTurn(work, (before) => before);
      } catch (reason) {
        this.#onError(reason);
      }
    }
    this.#isDraining = false;
  }

  async #inTurn<T>(work: () => Promise<T>, reach: (before: Promise<void>) => Promise<void>): Promise<T> {
    const before = this.#last;
    let end = (): void => {};
    const own = new Promise<void>((resolve) => (end = resolve));
    this.#last = before.then(() => own);
    try {
      await reach(before);
      return await work();
    } finally {
      this.#ended++;
      end();
    }
  }
}
