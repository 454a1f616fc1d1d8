import { checkChoice } from "../arguments/choice.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";

/** When buffered records are written to the backend, and how many may wait. */
export interface FlushOptions {
  /**
   * How long a record may wait, in ms. Default: 1,000 if the backend appends. Otherwise each flush is an object of its
   * own, and the wait grows with the age of the run from 2 s to 45 s: an hour then costs some 530 requests, 180 of them PUT. A record
   * waits longer while a loop blocks the event loop; after five intervals `onError` gets `EVENT_LOOP_BLOCKED`.
   */
  readonly intervalMs?: number | undefined;
  /** The number of metric values that starts a flush at once. Default 100,000. */
  readonly maxPoints?: number | undefined;
  /** The number of encoded bytes that starts a flush at once. Default 256 KiB if the backend appends, else 4 MiB. */
  readonly maxBytes?: number | undefined;
  /**
   * The greatest number of encoded bytes to keep while the backend cannot take them. Default 64 MiB, some 10 million
   * points. Beyond it new points are dropped and counted in `run.stats.dropped` and in the run itself; nothing that
   * waits already is lost. The newest tags, params, definitions and note are kept besides, in at most as many bytes
   * again.
   */
  readonly maxBufferedBytes?: number | undefined;
  /** What happens if the buffer is full. `"block-never"`, the only policy: training never waits. */
  readonly whenFull?: "block-never" | undefined;
}

/** {@link FlushOptions} with the defaults filled in. `intervalMs` of `undefined` grows with age. */
export interface FlushPolicy {
  readonly intervalMs: number | undefined;
  readonly maxPoints: number;
  readonly maxBytes: number;
  readonly maxBufferedBytes: number;
}

const NAMES: OptionNames<FlushOptions> = {
  intervalMs: true,
  maxPoints: true,
  maxBytes: true,
  maxBufferedBytes: true,
  whenFull: true,
};

/** Returns the options with defaults filled in. Throws `INVALID_ARGUMENT` for anything but positive numbers. */
export function flushPolicy(options: FlushOptions | undefined, appends: boolean): FlushPolicy {
  const given = readOptions("flush", options, NAMES, "flush");
  const positive = (name: "intervalMs" | "maxPoints" | "maxBytes" | "maxBufferedBytes"): number | undefined => {
    const value: unknown = given[name];
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !(value > 0)) throw invalidArgument(`flush.${name}`, "a positive number", value);
    return value;
  };
  if (given.whenFull !== undefined) checkChoice("flush.whenFull", given.whenFull, ["block-never"]);
  return {
    intervalMs: positive("intervalMs") ?? (appends ? 1000 : undefined),
    maxPoints: positive("maxPoints") ?? 100_000,
    maxBytes: positive("maxBytes") ?? (appends ? 256 * 1024 : 4 * 1024 * 1024),
    maxBufferedBytes: positive("maxBufferedBytes") ?? 64 * 1024 * 1024,
  };
}

/** The longest interval that grows with age, in ms. */
export const LONGEST_INTERVAL_MS = 45_000;

/** Returns how long the oldest record may wait, in ms, if the writer is `ageMs` old. */
export function flushInterval(policy: FlushPolicy, ageMs: number): number {
  return policy.intervalMs ?? Math.min(LONGEST_INTERVAL_MS, Math.max(2000, ageMs / 30));
}

/** Returns whether the waiting metric values and encoded bytes are enough to flush before the interval ends. */
export function flushIsDue(
  policy: FlushPolicy,
  { points, bytes }: { readonly points: number; readonly bytes: number },
): boolean {
  return bytes >= policy.maxBytes || points >= policy.maxPoints;
}

/** Returns the wait after `failures` in a row, in ms: half a second, which doubles up to half a minute. */
export function retryDelay(failures: number): number {
  return Math.min(30_000, 500 * 2 ** Math.min(failures - 1, 10));
}

/**
 * Returns the error for dropped points. It is reported again if points are dropped after the last drop was recorded.
 */
export function droppedPoints(most: number): LedgerError {
  const message = `more than ${most} bytes wait: further points are dropped, and counted in run.stats.dropped`;
  return new LedgerError("TOO_LARGE", message, { field: "log", transient: true });
}
