import { LedgerError } from "../errors/ledger-error.ts";
import { systemClock } from "../platform/clock.ts";

/** Aborts its signal when the signal of the caller aborts, or when the time is up. */
export class TimeLimit {
  readonly ms: number;
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#controller.abort(this.#caller?.reason);
  readonly #timer: { cancel(): void };
  isOver = false;

  constructor(ms: number, caller: AbortSignal | undefined) {
    this.ms = ms;
    this.#caller = caller;
    caller?.addEventListener("abort", this.#onAbort, { once: true });
    this.#timer = systemClock.timer(ms, () => {
      this.isOver = true;
      this.#controller.abort(new LedgerError("IO", "the time is up", { operation: "captureGit", transient: true }));
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    this.#timer.cancel();
    this.#caller?.removeEventListener("abort", this.#onAbort);
  }
}
