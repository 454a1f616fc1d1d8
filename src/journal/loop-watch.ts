import type { Clock, Timer } from "../platform/clock.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** Flush intervals for which the event loop may stand still before that is told. */
const INTERVALS = 5;
/** With intervals of a few ms a long step of a training would be told otherwise. */
const LEAST_MS = 1000;

/**
 * Notices that records are added while the event loop stands still: a write then neither begins nor ends. Costs one comparison a record,
 * and one timer a flush interval.
 */
export class LoopWatch {
  /** Wall time in ms from which on a record has to {@link look}. */
  lookAt: number = Number.NEGATIVE_INFINITY;
  readonly #clock: Clock;
  readonly #schedule: { readonly interval: number };
  readonly #tell: (ms: number) => void;
  /** Fires as soon as the loop turns. */
  #probe: Timer | undefined;
  #since = 0;

  /** Calls `tell` once, with the ms for which the loop has stood still. `interval` is the flush interval in ms. */
  constructor(clock: Clock, schedule: { readonly interval: number }, tell: (ms: number) => void) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#tell = tell;
  }

  /** A record is added at the wall time `now`. */
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

  /** A write came to its end. */
  turned(): void {
    this.#probe?.cancel();
    this.#probe = undefined;
  }

  /** For good. */
  close(): void {
    this.turned();
    this.lookAt = Number.POSITIVE_INFINITY;
  }
}

/** Nothing of a run can be stored because its program has not let the event loop turn for `ms`. */
export function loopBlocked(runId: string, ms: number, points: number): LedgerError {
  const seconds = (ms / 1000).toFixed(1);
  return new LedgerError(
    "EVENT_LOOP_BLOCKED",
    `the program has not yielded to the event loop for ${seconds} s, and nothing is stored until it does: ${points} points of run ${runId} wait, and are lost if the process dies. In the loop, await run.flush() every so often`,
    { operation: "log" },
  );
}
