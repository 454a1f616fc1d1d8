/**
 * Returns a promise with the outcome of `work` that callers need not handle. If it rejects and nobody handles it, `tell`
 * gets the reason.
 */
export function neverUnhandled<T>(work: Promise<T>, tell: (reason: unknown) => void): Promise<T> {
  const outcome = new HeardPromise<T>((resolve, reject) => void work.then(resolve, reject));
  outcome.onRejected((reason, isHeard) => {
    if (!isHeard) tell(reason);
  });
  return outcome;
}

/** A promise that knows whether anybody would hear of its rejection. */
export class HeardPromise<T> extends Promise<T> {
  #isHeard = false;

  /** What `then` returns is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // `await`, `catch`, `finally` and `Promise.all` come here too, since this is no plain promise.
  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isHeard = true;
    return super.then(onFulfilled, onRejected);
  }

  /** Calls `tell` if it rejects, with the reason and whether anybody else hears of it, once a caller in the same turn had time to. */
  onRejected(tell: (reason: unknown, isHeard: boolean) => void): void {
    void super.then(undefined, async (reason: unknown) => {
      // An `await` gets here a step after the call; an async function that returns the promise a few later.
      for (let step = 0; step < 5; step++) await undefined;
      tell(reason, this.#isHeard);
    });
  }
}
