import type { Clock, Timer } from "../platform/clock.ts";
import { flushInterval, type FlushPolicy, retryDelay } from "./flush-policy.ts";

/** Decides when a writer writes by itself: after the interval of the policy, and after failures later and later. */
export class WriteSchedule {
  readonly #clock: Clock;
  readonly #policy: FlushPolicy;
  readonly #write: () => void;
  readonly #born: number;
  #timer: Timer | undefined;
  /** When the timer is due, in ms of the monotonic clock. */
  #at = Number.POSITIVE_INFINITY;
  #failures = 0;
  #closed = false;

  /** Calls `write` when a write is due. */
  constructor(clock: Clock, policy: FlushPolicy, write: () => void) {
    this.#clock = clock;
    this.#policy = policy;
    this.#write = write;
    this.#born = clock.monotonic();
  }

  get isArmed(): boolean {
    return this.#timer !== undefined;
  }

  /** How long a record waits at most, in ms. */
  get interval(): number {
    return flushInterval(this.#policy, this.#clock.monotonic() - this.#born);
  }

  /** Whether the timer waits for another attempt after a failure. */
  get isRetrying(): boolean {
    return this.#failures > 0 && this.isArmed;
  }

  /** Whether a write is due. A loop that never yields starves the timer, so the writer must ask. */
  get isOverdue(): boolean {
    return this.#clock.monotonic() >= this.#at;
  }

  /** How long the timer waits, in ms, or would wait if it were armed now. */
  get dueIn(): number {
    return this.isArmed ? Math.max(0, this.#at - this.#clock.monotonic()) : this.interval;
  }

  arm(): void {
    if (this.#closed) return;
    const now = this.#clock.monotonic();
    const wait = this.#failures > 0 ? retryDelay(this.#failures) : flushInterval(this.#policy, now - this.#born);
    this.#at = now + wait;
    this.#timer = this.#clock.timer(wait, () => {
      this.#timer = undefined;
      this.#write();
    });
  }

  disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures++;
  }

  /** Ends the schedule. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }
}

/** Calls `beat` every `everyMs` ms until it is stopped. */
export class Heartbeat {
  #timer: Timer | undefined;
  #stopped = false;

  constructor(clock: Clock, everyMs: number, beat: () => void) {
    const arm = (): void => {
      this.#timer = clock.timer(everyMs, () => {
        if (this.#stopped) return;
        beat();
        arm();
      });
    };
    arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
