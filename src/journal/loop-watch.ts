import type { Clock, Timer } from "../platform/clock.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** After this many flush intervals without a turn of the event loop, the watch reports it. */
const INTERVALS = 5;
/**
 * The shortest time that is reported. Without it, a flush interval of a few ms would report each long training step.
 */
const LEAST_MS = 1000;

/**
 * Notices that records are added while the event loop does not turn: no write begins or ends then. Costs one comparison
 * for each record, and one timer for each flush interval.
 */
export class LoopWatch {
  /** From this wall time on, in ms, a record must call {@link look}. */
  lookAt: number = Number.NEGATIVE_INFINITY;
  readonly #clock: Clock;
  readonly #schedule: { readonly interval: number };
  readonly #tell: (ms: number) => void;
  /** A timer that fires as soon as the loop turns. */
  #probe: Timer | undefined;
  #since = 0;

  /**
   * Calls `tell` once, with the ms since the loop turned last. `interval` of the schedule is the flush interval in ms.
   */
  constructor(clock: Clock, schedule: { readonly interval: number }, tell: (ms: number) => void) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#tell = tell;
  }

  /** Checks the loop. Called for a record that is added at the wall time `now`. */
  look(now: number): void {
    if (this.lookAt === Number.POSITIVE_INFINITY) return;
    const moment = this.#clock.monotonic();
    const limit = Math.max(LEAST_MS, INTERVALS * this.#schedule.interval);
    this.lookAt = now + limit / INTERVALS;
    if (this.#probe === undefined) {
      this.#since = moment;
      this.#probe = this.#clock.timer(0, () => (this.#probe = undefined));
    } else if (moment - this.#since >= limit) {
      this.close();
      this.#tell(moment - this.#since);
    }
  }

  /** Called when a write ended: the loop has turned. */
  turned(): void {
    this.#probe?.cancel();
    this.#probe = undefined;
  }

  /** Ends the watch. */
  close(): void {
    this.turned();
    this.lookAt = Number.POSITIVE_INFINITY;
  }
}

/** Returns the error for a program that has not let the event loop turn for `ms`. */
export function loopBlocked(runId: string, ms: number, points: number): LedgerError {
  const seconds = (ms / 1000).toFixed(1);
  return new LedgerError(
    "EVENT_LOOP_BLOCKED",
    `the program has not yielded to the event loop for ${seconds} s, and nothing is stored until it does: ` +
      `${points} points of run ${runId} wait, and are lost if the process dies. ` +
      "In the loop, await run.flush() from time to time",
    { operation: "log" },
  );
}
