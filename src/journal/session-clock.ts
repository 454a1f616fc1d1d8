import type { Clock } from "../platform/clock.ts";

/** Wall time that leaves monotonic time by more than this, in ms, is a jump. */
const CLOCK_JUMP_MS = 1000;

/** Tells what was done to the wall clock since a session began. A clock that is not `steady` is followed wherever it goes. */
export class SessionClock {
  readonly #clock: Clock;
  /** Wall time less monotonic time, in ms, when the session began, and after the last jump. */
  readonly #startOffset: number;
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    const monotonic = clock.monotonic();
    this.#startOffset = this.#offset = clock.now() - monotonic;
  }

  /** Now, in ms since the epoch: when the session began and how long it has been going on, whatever was done to the wall clock. */
  get steadyTime(): number {
    const { steady } = this.#clock;
    return steady === false ? this.#clock.now() : Math.round(this.#startOffset + this.#clock.monotonic());
  }

  /** How far the wall clock has jumped since the last jump, in ms; 0 if it has not. */
  takeJump(): number {
    if (this.#clock.steady === false) return 0;
    const offset = this.#clock.now() - this.#clock.monotonic();
    const jumpMs = Math.round(offset - this.#offset);
    if (Math.abs(jumpMs) <= CLOCK_JUMP_MS) return 0;
    this.#offset = offset;
    return jumpMs;
  }
}
