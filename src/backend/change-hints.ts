import { abortable } from "../platform/abort.ts";
import type { CallOptions } from "./backend.ts";

/** Hints of changes. The caller can leave them at any time, even while waiting for one. */
export type Hints = AsyncIterableIterator<void, void, undefined>;

/** Takes what a source of changes notices. */
export interface HintSink {
  /** Says that something may have changed. Any number of calls count as one until the next hint is asked for. */
  tell(): void;
  /** Ends the hints. With an error, the next request for a hint rejects with it. */
  end(error?: unknown): void;
}

const DONE = { done: true, value: undefined } as const;
const HINT = { done: false, value: undefined } as const;

/**
 * Returns what `changes` of a backend returns, made from any source of events. It calls `start` when the first hint is
 * asked for, and the function that `start` returned once the hints are over: left, aborted or ended. If `start` throws,
 * the request for the hint rejects with that error.
 */
export function changeHints(start: (sink: HintSink) => () => void, options?: CallOptions): Hints {
  return new SourceHints(start, options?.signal);
}

class SourceHints implements Hints {
  readonly #start: (sink: HintSink) => () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.#end({ error: this.#signal?.reason });
  #state: "new" | "open" | "over" = "new";
  #stop: (() => void) | undefined;
  #told = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: { resolve: (step: IteratorResult<void, void>) => void; reject: (error: unknown) => void }[] = [];

  constructor(start: (sink: HintSink) => () => void, signal: AbortSignal | undefined) {
    this.#start = start;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<void, void>> {
    if (this.#state === "new") this.#open();
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      this.#told = false;
      throw error;
    }
    if (this.#told) {
      this.#told = false;
      return HINT;
    }
    if (this.#state === "over") return DONE;
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  async return(): Promise<IteratorResult<void, void>> {
    this.#end(undefined);
    this.#told = false;
    this.#failure = undefined;
    return DONE;
  }

  #open(): void {
    if (this.#signal?.aborted === true) return this.#abort();
    this.#state = "open";
    this.#signal?.addEventListener("abort", this.#abort, { once: true });
    try {
      this.#stop = this.#start({
        tell: () => this.#tell(),
        end: (error) => this.#end(error === undefined ? undefined : { error }),
      });
    } catch (error) {
      this.#end({ error });
    }
    // The hints may have ended while they were starting.
    if ((this.#state as string) === "over") this.#release();
  }

  #tell(): void {
    if (this.#state !== "open") return;
    const waiting = this.#waiting.splice(0);
    if (waiting.length === 0) this.#told = true;
    for (const { resolve } of waiting) resolve(HINT);
  }

  #end(failure: { readonly error: unknown } | undefined): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#release();
    const waiting = this.#waiting.splice(0);
    if (waiting.length === 0) this.#failure = failure;
    for (const { resolve, reject } of waiting) {
      if (failure === undefined) resolve(DONE);
      else reject(failure.error);
    }
  }

  #release(): void {
    const stop = this.#stop;
    this.#stop = undefined;
    stop?.();
  }
}

/**
 * Returns the hints of another backend. Asks for one only when one is asked for here, and ends at once when it is left,
 * even if that backend keeps waiting. Calls `check` before each hint. Throws what `check` throws, and the backend's
 * errors as `translate` returns them.
 */
export function relayHints(
  open: (options: CallOptions) => AsyncIterable<void>,
  options: CallOptions | undefined,
  translate: (error: unknown) => unknown,
  check: () => void = () => {},
): Hints {
  const signal = options?.signal;
  const stop = new AbortController();
  let inner: AsyncIterator<void> | undefined;
  let over = false;

  const finish = (): void => {
    if (over) return;
    over = true;
    signal?.removeEventListener("abort", finish);
    // Also ends the pending wait.
    stop.abort();
    Promise.resolve(inner?.return?.()).catch(() => {});
  };

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (over) return DONE;
      try {
        signal?.throwIfAborted();
        check();
        if (inner === undefined) {
          signal?.addEventListener("abort", finish, { once: true });
          inner = open({ signal: stop.signal })[Symbol.asyncIterator]();
        }
        const { done } = await abortable(Promise.resolve(inner.next()), stop.signal);
        if (done !== true) return HINT;
        finish();
      } catch (error) {
        const wasLeft = over;
        finish();
        if (signal?.aborted === true) throw signal.reason;
        if (!wasLeft) throw translate(error);
      }
      return DONE;
    },
    async return() {
      finish();
      return DONE;
    },
  };
}
