import { type OptionNames, readOptions } from "../../arguments/options.ts";
import { type RequestRetryOptions, retryPolicy, type RetryPolicy } from "../../backend/requests/attempts.ts";
import { invalidArgument } from "../../errors/ledger-error.ts";
import { type Clock, toClock } from "../../platform/clock.ts";
import { type BaseUrl, parseBaseUrl } from "./base-url.ts";
import { Closing } from "./closing.ts";

/** Options of `httpBackend`. */
export interface HttpBackendOptions {
  /**
   * How long the index counts as current, in ms. The first call after that asks the server whether it has changed.
   * Default 5,000.
   */
  readonly refreshMs?: number | undefined;
  /** The most bytes that one `read` returns. More is `TOO_LARGE`. Default 1 GiB. */
  readonly maxReadBytes?: number | undefined;
  /** How often and how long failed requests are repeated. */
  readonly retry?: RequestRetryOptions | undefined;
  /** What sends requests. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The time, for tests. Default: the system's. */
  readonly clock?: Partial<Clock> | (() => number) | undefined;
  /** Returns a number from 0 to 1, which decides the pause between two attempts. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** The options, checked and completed. */
export interface Settings {
  readonly base: BaseUrl;
  readonly refreshMs: number;
  readonly maxReadBytes: number;
  readonly retry: RetryPolicy;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly closing: Closing;
}

const NAMES: OptionNames<HttpBackendOptions> = {
  refreshMs: true,
  maxReadBytes: true,
  retry: true,
  fetch: true,
  clock: true,
  random: true,
};

/** Returns the options, checked and completed. Throws `INVALID_ARGUMENT`. */
export function resolveOptions(baseUrl: string | URL, given: HttpBackendOptions | undefined): Settings {
  const base = parseBaseUrl(baseUrl);
  const options = readOptions("httpBackend", given, NAMES);
  const { refreshMs = 5000, maxReadBytes = 1024 * 1024 * 1024, fetch, random } = options;
  if (typeof refreshMs !== "number" || !(refreshMs >= 0))
    throw invalidArgument("refreshMs", "a non-negative number", refreshMs);
  if (!Number.isSafeInteger(maxReadBytes) || maxReadBytes < 1)
    throw invalidArgument("maxReadBytes", "a positive safe integer", maxReadBytes);
  for (const [field, value] of Object.entries({ fetch, random }))
    if (value !== undefined && typeof value !== "function") throw invalidArgument(field, "a function", value);
  return {
    base,
    refreshMs,
    maxReadBytes,
    retry: retryPolicy(options.retry),
    // Called as the method of `globalThis`, as browsers require.
    fetch: fetch ?? ((input, init) => globalThis.fetch(input, init)),
    clock: toClock(options.clock),
    random: random ?? Math.random,
    closing: new Closing(),
  };
}
