import { systemClock, type Timer } from "../../platform/clock.ts";
import type { Metrics } from "../../run/metric-input.ts";

/** How often the delay is measured, in ms. That takes 0.05 % of a core. */
const INTERVAL_MS = 250;

/**
 * Measures how late timers of the process run. Not by `monitorEventLoopDelay`: after a `reset()` it misses the next
 * delay, which would often be that of an epoch, and in Deno it measures nothing.
 */
export class EventLoopDelay {
  #timer: Timer;
  #due = 0;
  #count = 0;
  #sum = 0;
  #max = 0;

  constructor() {
    this.#timer = this.#arm();
  }

  /** Returns mean and maximum since the last call, in ms. */
  take(): Metrics {
    const [count, mean, max] = [this.#count, this.#sum / this.#count, this.#max];
    this.#count = this.#sum = this.#max = 0;
    return count === 0 ? {} : { mean, max };
  }

  end(): void {
    this.#timer.cancel();
  }

  #arm(): Timer {
    this.#due = performance.now() + INTERVAL_MS;
    return systemClock.timer(INTERVAL_MS, () => {
      // Timers may run a little early.
      const late = Math.max(0, performance.now() - this.#due);
      this.#count++;
      this.#sum += late;
      this.#max = Math.max(this.#max, late);
      this.#timer = this.#arm();
    });
  }
}
