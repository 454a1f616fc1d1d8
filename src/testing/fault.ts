import type { ErrorCode } from "../errors/ledger-error.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { Call, Operation } from "./intercept.ts";

/**
 * What goes wrong:
 * - `crash-before`: the process dies before the call reaches the backend. This and every later call reject with
 *   {@link Crash}.
 * - `crash-after`: the process dies after the call, before its caller gets the result. This and every later call reject
 *   with {@link Crash}.
 * - `torn`: the process dies halfway. `append` stores half of its bytes. `create` stops in the middle of its bytes, so
 *   an atomic backend shows nothing of them. For any other call it is like `crash-before`.
 * - `error-before`: the call rejects and has no effect.
 * - `lost-ack`: the call takes effect, but rejects.
 * - `late`: the call rejects, and takes effect after the next call (or in `settle()`).
 * - `stale-list`: `list` yields the same entries as the previous list of that prefix, or nothing if there was none.
 *   Other calls are not affected.
 * - `no-space`: from this call until `lift()`, `create` and `append` reject with `NO_SPACE`.
 */
export type FaultMode =
  | "crash-before"
  | "crash-after"
  | "torn"
  | "error-before"
  | "lost-ack"
  | "late"
  | "stale-list"
  | "no-space";

/** One thing that goes wrong, and when. */
export interface Fault {
  /** What goes wrong. */
  readonly mode: FaultMode;
  /** The number of the counted call that it strikes, from 1. */
  readonly at: number;
  /** Counts only these operations. Default: all. */
  readonly only?: readonly Operation[] | undefined;
  /** Counts only calls on keys (for `list`, prefixes) that match. A string must match as a whole. Default: all. */
  readonly key?: string | RegExp | undefined;
  /** How many counted calls in a row it strikes. Default 1; for `no-space`, all that follow. */
  readonly times?: number | undefined;
  /** What the call rejects with, if the mode makes it reject and the process lives. */
  readonly error?:
    | {
        /** The code of the error. Default: it depends on the mode. */
        readonly code?: ErrorCode | undefined;
        /** The message of the error. Default: it depends on the mode. */
        readonly message?: string | undefined;
        /** Whether the same call may succeed later. Default: it depends on the mode. */
        readonly transient?: boolean | undefined;
      }
    | undefined;
}

/** The error with which the calls of a dead process reject. They no longer have any effect. */
export class Crash extends LedgerError {
  static {
    this.prototype.name = "Crash";
  }

  /** @internal */
  constructor(call: Call) {
    super("IO", `the process died (injected); ${call.operation} of ${JSON.stringify(call.key)} was not made`, {
      operation: call.operation,
      key: call.key,
    });
  }
}

const WRITES: readonly Operation[] = ["create", "append"];

/** Returns whether a fault counts a call. */
export function counts(fault: Fault, call: Call): boolean {
  if (fault.only !== undefined && !fault.only.includes(call.operation)) return false;
  const { key } = fault;
  if (key === undefined) return true;
  return typeof key === "string" ? key === call.key : call.key.search(key) !== -1;
}

/** Returns whether a fault strikes the `n`-th call that it counts. */
export function strikes(fault: Fault, call: Call, n: number): boolean {
  if (fault.mode === "no-space" && !WRITES.includes(call.operation)) return false;
  const times = fault.times ?? (fault.mode === "no-space" ? Number.POSITIVE_INFINITY : 1);
  return n >= fault.at && n < fault.at + times;
}

const DEFAULTS: Partial<Record<FaultMode, { code: ErrorCode; message: string; transient: boolean }>> = {
  "error-before": { code: "IO", message: "the call failed", transient: false },
  "lost-ack": { code: "UNAVAILABLE", message: "the answer was lost", transient: true },
  late: { code: "UNAVAILABLE", message: "the call timed out", transient: true },
  "no-space": { code: "NO_SPACE", message: "no space is left", transient: false },
};

/** Returns the error with which a call rejects when a fault strikes it. */
export function faultError(fault: Fault, call: Call): LedgerError {
  const usual = DEFAULTS[fault.mode] ?? { code: "IO", message: "the call failed", transient: false };
  const { code = usual.code, message = usual.message, transient = usual.transient } = fault.error ?? {};
  return new LedgerError(code, `${message} (injected)`, { key: call.key, operation: call.operation, transient });
}
