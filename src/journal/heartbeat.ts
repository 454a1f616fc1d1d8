import type { Clock, Timer } from "../platform/clock.ts";

/** Calls `beat` every so many ms until it is stopped. */
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
