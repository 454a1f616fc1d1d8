import type { IntervalHistogram } from "node:perf_hooks";
import * as perfHooks from "node:perf_hooks";
import type { Metrics } from "../../run/metric-input.ts";

/** How often the delay is measured, in ms. Every 10 ms, Node's default, would cost a thousandth of a core. */
const RESOLUTION_MS = 100;

/** Measures how late the timers of the process run. */
export class EventLoopDelay {
  readonly #histogram: IntervalHistogram;

  private constructor(histogram: IntervalHistogram) {
    this.#histogram = histogram;
  }

  /** Begins to measure. Returns `undefined` on platforms that cannot. */
  static begin(): EventLoopDelay | undefined {
    try {
      const histogram = perfHooks.monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      histogram.enable();
      return new EventLoopDelay(histogram);
    } catch {
      return undefined;
    }
  }

  /** Returns mean and maximum since the last call, in ms. */
  take(): Metrics {
    const { mean, max } = this.#histogram;
    this.#histogram.reset();
    // The histogram holds the times between two looks.
    const late = (nanoseconds: number): number | undefined =>
      nanoseconds > 0 && nanoseconds < 1e15 ? Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) : undefined;
    return { mean: late(mean), max: late(max) };
  }

  end(): void {
    this.#histogram.disable();
  }
}
