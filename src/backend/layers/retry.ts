import type { Resolved } from "../../arguments/options.ts";
import { isBytes } from "../../platform/any-realm.ts";
import type { Backend, Body, ByteStream, CallOptions, Entry } from "../backend.ts";
import { type Clock, systemClock } from "../../platform/clock.ts";
import { LedgerError, invalidArgument } from "../../errors/ledger-error.ts";
import { checkNames, layer } from "./layer.ts";
import { equalBytes } from "../body.ts";

/** Options of `withRetry`. */
export interface RetryOptions {
  /** The greatest number of attempts of a call, the first included. Default 5. */
  readonly attempts?: number | undefined;
  /** The upper bound of the first pause in ms. It doubles with each further pause. Default 100. */
  readonly baseMs?: number | undefined;
  /** The upper bound of every pause in ms. Default 20,000. */
  readonly capMs?: number | undefined;
  /**
   * How long after the first attempt a further one may begin, in ms. Each entry of a list starts this time again.
   * Default 60,000.
   */
  readonly deadlineMs?: number | undefined;
  /** The clock for pauses and deadlines. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** Returns a number in [0, 1), which decides the length of a pause. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * Returns a backend that repeats calls that failed with `transient: true`, after pauses of random length (full jitter).
 *
 * - `append` is made once, because a repeat could add the bytes twice.
 * - `create` is repeated unless a stream body was begun. A failed attempt may still have stored the object. So if a
 *   repeat meets `EXISTS`, the object is read back, and the same bytes mean success.
 * - `move` is repeated. If a repeat finds only `to`, or both keys with the same bytes, the first attempt has worked.
 * - `list` continues after the last entry that it yielded.
 *
 * An abort ends a pause at once.
 */
export function withRetry(backend: Backend, options: RetryOptions = {}): Backend {
  const policy = toPolicy(options);
  const { clock } = policy;

  const repeat = async <T>(signal: AbortSignal | undefined, call: (earlier: number) => Promise<T>): Promise<T> => {
    const start = clock.monotonic();
    for (let earlier = 0; ; earlier++) {
      try {
        return await call(earlier);
      } catch (error) {
        await pause(policy, error, earlier, start, signal);
      }
    }
  };

  const list = async function* (prefix: string, call: Parameters<Backend["list"]>[1]): AsyncGenerator<Entry> {
    let startAfter = call?.startAfter;
    let earlier = 0;
    let start = clock.monotonic();
    for (;;) {
      try {
        for await (const entry of backend.list(prefix, { ...call, ...(startAfter !== undefined && { startAfter }) })) {
          startAfter = entry.key;
          yield entry;
          earlier = 0;
          start = clock.monotonic();
        }
        return;
      } catch (error) {
        await pause(policy, error, earlier++, start, call?.signal);
      }
    }
  };

  return layer(backend, {
    read: (key, call) => repeat(call?.signal, async () => await backend.read(key, call)),
    stat: (key, call) => repeat(call?.signal, async () => await backend.stat(key, call)),
    remove: (key, call) => repeat(call?.signal, async () => await backend.remove(key, call)),
    list,

    create: (key, body, call) => {
      const once = isBytes(body) ? undefined : watchStream(body);
      const given: Body = once?.stream ?? body;
      return repeat(call?.signal, async (earlier) => {
        try {
          return await backend.create(key, given, call);
        } catch (error) {
          if (once?.begun() === true) throw new Final(error);
          if (earlier === 0 || !isBytes(body) || !LedgerError.hasCode(error, "EXISTS")) throw error;
          if (!(await holdsBytes(backend, key, body, call))) throw error;
        }
      });
    },

    move: (from, to, call) =>
      repeat(call?.signal, async (earlier) => {
        try {
          return await (backend as Required<Backend>).move(from, to, call);
        } catch (error) {
          if (earlier === 0) throw error;
          if (LedgerError.hasCode(error, "NOT_FOUND")) {
            if ((await backend.stat(to, call)) === undefined) throw error;
          } else if (LedgerError.hasCode(error, "EXISTS") && from !== to) {
            if (!(await sameObject(backend, from, to, call))) throw error;
            await backend.remove(from, call);
          } else throw error;
        }
      }),
  });
}

/** Marks a failure after which the call must not be repeated, even if the error is `transient`. */
class Final {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** Waits before the next attempt, or throws `error` if there must be none. */
async function pause(
  policy: Policy,
  error: unknown,
  earlier: number,
  start: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (error instanceof Final) throw error.error;
  if (!LedgerError.is(error) || !error.transient || earlier + 1 >= policy.attempts) throw error;
  const ms = policy.random() * Math.min(policy.capMs, policy.baseMs * 2 ** earlier);
  if (policy.clock.monotonic() - start + ms > policy.deadlineMs) throw error;
  await policy.clock.sleep(ms, signal);
}

/**
 * Returns the stream, and a function that tells whether reading has begun. Until then the stream can be passed again.
 */
function watchStream(body: ByteStream): { stream: ByteStream; begun(): boolean } {
  let inner: AsyncIterator<Uint8Array> | undefined;
  const iterator: AsyncIterator<Uint8Array> = {
    next: async () => {
      inner ??= body[Symbol.asyncIterator]();
      return await inner.next();
    },
    return: async () => (await inner?.return?.()) ?? { done: true, value: undefined },
  };
  const stream = { [Symbol.asyncIterator]: () => iterator, ...(body.size !== undefined && { size: body.size }) };
  return { stream, begun: () => inner !== undefined };
}

type Policy = Resolved<RetryOptions>;

function toPolicy(options: RetryOptions): Policy {
  checkNames("withRetry", options, {
    attempts: true,
    baseMs: true,
    capMs: true,
    deadlineMs: true,
    clock: true,
    random: true,
  });
  const policy: Policy = {
    attempts: options.attempts ?? 5,
    baseMs: options.baseMs ?? 100,
    capMs: options.capMs ?? 20_000,
    deadlineMs: options.deadlineMs ?? 60_000,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
  if (!Number.isSafeInteger(policy.attempts) || policy.attempts < 1) {
    throw invalidArgument("attempts", "a positive integer", policy.attempts);
  }
  for (const field of ["baseMs", "capMs", "deadlineMs"] as const) {
    const value: unknown = policy[field];
    if (typeof value !== "number" || !(value >= 0)) throw invalidArgument(field, "a non-negative number", value);
  }
  return policy;
}

const STEP = 4 * 1024 * 1024;

/**
 * Returns whether the object `key` holds exactly `bytes`. Reads it in parts, so that memory need not hold a second
 * copy.
 */
async function holdsBytes(backend: Backend, key: string, bytes: Uint8Array, options?: CallOptions): Promise<boolean> {
  if ((await backend.stat(key, options))?.size !== bytes.byteLength) return false;
  for (let offset = 0; offset < bytes.byteLength; offset += STEP) {
    const part = await backend.read(key, { ...options, range: { offset, length: STEP } });
    if (!equalBytes(part, bytes.subarray(offset, offset + STEP))) return false;
  }
  return true;
}

/** Returns whether both keys exist and hold the same bytes. */
async function sameObject(backend: Backend, a: string, b: string, options?: CallOptions): Promise<boolean> {
  const size = (await backend.stat(a, options))?.size;
  if (size === undefined || size !== (await backend.stat(b, options))?.size) return false;
  for (let offset = 0; offset < size; offset += STEP) {
    const range = { offset, length: STEP };
    const part = await backend.read(a, { ...options, range });
    if (!equalBytes(part, await backend.read(b, { ...options, range }))) return false;
  }
  return true;
}
