/**
 * Returns a promise with the outcome of `work` that callers need not handle. If it rejects and nobody handles it,
 * `tell` gets the reason.
 */
export function neverUnhandled<T>(work: Promise<T>, tell: (reason: unknown) => void): Promise<T> {
  const outcome = new HeardPromise<T>((resolve, reject) => void work.then(resolve, reject));
  outcome.onRejected((reason, isHeard) => {
    if (!isHeard) tell(reason);
  });
  return outcome;
}

/** A promise that knows whether anybody handles its rejection. */
export class HeardPromise<T> extends Promise<T> {
  #isHeard = false;
  #isAwaited = false;
  #onAwaited: (() => void) | undefined;

  /** `then` returns an ordinary promise, except for `catch`. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // `await`, `catch`, `finally` and `Promise.all` call this too, because this is not a plain promise.
  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isHeard = true;
    const outcome = super.then(onFulfilled, onRejected);
    if (typeof onFulfilled !== "function") {
      // Somebody may wait for the promise of `catch`.
      const caught = new HeardPromise<A | B>((resolve, reject) => void outcome.then(resolve, reject));
      caught.onAwaited(() => this.#await());
      return caught;
    }
    this.#await();
    return outcome;
  }

  #await(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    this.#onAwaited?.();
  }

  /** Calls `tell` once somebody waits for the outcome. Handling the rejection alone does not count. */
  onAwaited(tell: () => void): void {
    if (this.#isAwaited) tell();
    else this.#onAwaited = tell;
  }

  /**
   * Calls `tell` if the promise rejects, with the reason and whether anybody else handles the rejection. Waits until a
   * caller in the same turn had time to attach a handler.
   */
  onRejected(tell: (reason: unknown, isHeard: boolean) => void): void {
    void super.then(undefined, async (reason: unknown) => {
      // An `await` attaches one step after the call, and an async function that returns the promise a few steps later.
      for (let step = 0; step < 5; step++) await undefined;
      tell(reason, this.#isHeard);
    });
  }
}
