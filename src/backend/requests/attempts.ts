import { type OptionNames, readOptions, type Resolved } from "../../arguments/options.ts";
import type { Clock } from "../../platform/clock.ts";
import { invalidArgument } from "../../errors/ledger-error.ts";

/** When a failed request is sent again. All times are in ms. */
export interface RequestRetryOptions {
  /** The greatest number of requests for one step, the first included. Default 8. */
  readonly attempts?: number | undefined;
  /**
   * The upper bound of the first pause; it doubles each time. The pause itself is random between 0 and the bound.
   * Default 100.
   */
  readonly baseMs?: number | undefined;
  /** The largest upper bound of a pause. Default 20,000. */
  readonly maxDelayMs?: number | undefined;
  /** How long after the first attempt a further one may begin. Default 60,000. */
  readonly totalMs?: number | undefined;
  /**
   * How long one attempt may go without progress: until the first byte of the answer, then from one byte to the next.
   * An upload gets one more second for each 128 KiB. Default 30,000.
   */
  readonly attemptMs?: number | undefined;
}

export type RetryPolicy = Resolved<RequestRetryOptions>;

const DEFAULTS: RetryPolicy = { attempts: 8, baseMs: 100, maxDelayMs: 20_000, totalMs: 60_000, attemptMs: 30_000 };

const NAMES: OptionNames<RequestRetryOptions> = {
  attempts: true,
  baseMs: true,
  maxDelayMs: true,
  totalMs: true,
  attemptMs: true,
};

/** Returns the options with defaults filled in. Throws `INVALID_ARGUMENT`. */
export function retryPolicy(options: RequestRetryOptions | undefined): RetryPolicy {
  if (options === undefined) return DEFAULTS;
  const policy = { ...DEFAULTS };
  const given = readOptions("retry", options, NAMES, "retry");
  for (const name of Object.keys(given) as (keyof RetryPolicy)[]) {
    const value = given[name];
    const least = name === "attempts" || name === "attemptMs" ? 1 : 0;
    if (typeof value !== "number" || !(value >= least))
      throw invalidArgument(`retry.${name}`, `a number of at least ${least}`, value);
    policy[name] = value;
  }
  return policy;
}

/**
 * Counts the attempts of one step and waits between them, with full jitter, but at least as long as `Retry-After`
 * states.
 */
export class Attempts {
  readonly #policy: RetryPolicy;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #began: number;
  #made = 1;

  constructor(policy: RetryPolicy, clock: Clock, random: () => number) {
    this.#policy = policy;
    this.#clock = clock;
    this.#random = random;
    this.#began = clock.monotonic();
  }

  /**
   * Waits and returns true if another attempt is allowed. Returns false at once if the attempts or the time are used
   * up.
   */
  async again(retryAfterMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    const { attempts, baseMs, maxDelayMs, totalMs } = this.#policy;
    if (this.#made >= attempts) return false;
    const bound = Math.min(maxDelayMs, baseMs * 2 ** (this.#made - 1));
    const pause = Math.max(retryAfterMs, this.#random() * bound);
    if (this.#clock.monotonic() - this.#began + pause > totalMs) return false;
    this.#made += 1;
    await this.#clock.sleep(pause, signal);
    return true;
  }
}

/** Returns a `Retry-After` header, which is seconds or an HTTP date, in ms. Returns 0 if there is no valid one. */
export function retryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
