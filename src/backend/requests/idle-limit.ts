import type { Clock } from "../../platform/clock.ts";

/** Ends a request that makes no progress, or that the caller aborted. */
export class IdleLimit {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #controller = new AbortController();
  readonly #given: AbortSignal | undefined;
  readonly #stop = (): void => this.#controller.abort(this.#given?.reason);
  #timer: { cancel(): void } | undefined;
  /** Whether the request made no progress for too long. */
  passed = false;

  /** `idleMs`: how long a request may go without progress. */
  constructor(clock: Clock, idleMs: number, given: AbortSignal | undefined) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#given = given;
    if (given?.aborted === true) this.#stop();
    else given?.addEventListener("abort", this.#stop, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the time again after some progress. */
  restart(moreMs = 0): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.timer(this.#idleMs + moreMs, () => {
      this.passed = true;
      this.#controller.abort(new Error("timeout"));
    });
  }

  end(): void {
    this.#timer?.cancel();
    this.#given?.removeEventListener("abort", this.#stop);
  }
}
