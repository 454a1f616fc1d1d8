import type { Clock } from "../platform/clock.ts";

/** If wall time and monotonic time differ by more than this, in ms, the wall clock has jumped. */
const CLOCK_JUMP_MS = 1000;

/** Finds jumps of the wall clock during a session. It ignores jumps of a clock that is not `steady`. */
export class SessionClock {
  readonly #clock: Clock;
  /** Wall time minus monotonic time, in ms, when the session began. */
  readonly #startOffset: number;
  /** The same after the last jump. */
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    const monotonic = clock.monotonic();
    this.#startOffset = this.#offset = clock.now() - monotonic;
  }

  /**
   * Now, in ms since the epoch: the start of the session plus its duration. Jumps of the wall clock do not change it.
   */
  get steadyTime(): number {
    const { steady } = this.#clock;
    return steady === false ? this.#clock.now() : Math.round(this.#startOffset + this.#clock.monotonic());
  }

  /**
   * Returns how far the wall clock has jumped since the last call that found a jump, in ms. Returns 0 if it has not
   * jumped.
   */
  takeJump(): number {
    if (this.#clock.steady === false) return 0;
    const offset = this.#clock.now() - this.#clock.monotonic();
    const jumpMs = Math.round(offset - this.#offset);
    if (Math.abs(jumpMs) <= CLOCK_JUMP_MS) return 0;
    this.#offset = offset;
    return jumpMs;
  }
}
