import { isBytes, messageOf } from "../../platform/any-realm.ts";
import { abortable } from "../../platform/abort.ts";
import type { AppendOptions, Backend, Body, CallOptions, Entry } from "../backend.ts";
import { clampRange } from "../body.ts";
import { relayHints } from "../change-hints.ts";
import { LedgerError, invalidArgument } from "../../errors/ledger-error.ts";
import { assertKey, assertPrefix } from "../key.ts";
import { assertBackend, checkedLiveness } from "./shape.ts";

/** Options of `withChecks`. */
export interface ChecksOptions {
  /** Called with each listed key that is left out because it is not a valid key. */
  readonly onForeignKey?: ((key: string) => void) | undefined;
}

/**
 * Returns a backend that checks every call, so that the core can rely on the contract. The core wraps every backend
 * that it is given. Throws `INVALID_ARGUMENT` unless `backend` is a backend of contract 1. For each call:
 *
 * - it checks keys, prefixes, bodies and ranges before the backend sees them;
 * - an aborted signal ends the call at once, and a signal that is aborted beforehand prevents it;
 * - if the backend throws, also synchronously, the call rejects with a `LedgerError` that names key and operation.
 *   Another error becomes the cause of an `IO`. A failure of the caller's own body stream is passed on unchanged;
 * - after `close()` it rejects with `CLOSED`;
 * - it checks the results, too. A listing yields only valid keys under its prefix, leaves out all others, and rejects
 *   with `UNEXPECTED_RESPONSE` if they are out of order.
 *
 * The result has `append` and `move` exactly if `capabilities` declares them, and `changes` and `locate` if the backend
 * has them.
 */
export function withChecks(backend: Backend, options: ChecksOptions = {}): Backend {
  assertBackend(backend);
  const { append, move, changes, locate } = backend;
  let closing: Promise<void> | undefined;

  const guard = async <T>(
    operation: string,
    key: string,
    call: CallOptions | undefined,
    work: () => Promise<T>,
    own?: { failure?: { error: unknown } },
  ): Promise<T> => {
    if (closing !== undefined) throw closed(backend, operation, key);
    assertKey(key);
    const signal = call?.signal;
    signal?.throwIfAborted();
    try {
      return await abortable((async () => await work())(), signal);
    } catch (error) {
      if (own?.failure !== undefined && own.failure.error === error) throw error;
      if (signal?.aborted === true) throw signal.reason;
      throw named(error, operation, key);
    }
  };

  const list = async function* (prefix: string, call: Parameters<Backend["list"]>[1]): AsyncGenerator<Entry> {
    assertPrefix(prefix);
    const startAfter: unknown = call?.startAfter;
    if (startAfter !== undefined && typeof startAfter !== "string") {
      throw invalidArgument("startAfter", "a string", startAfter);
    }
    const pageSize: unknown = call?.pageSize;
    if (pageSize !== undefined && !(isSize(pageSize) && pageSize > 0))
      throw invalidArgument("pageSize", "a positive safe integer", pageSize);
    const signal = call?.signal;
    const root = prefix === "" ? "" : `${prefix}/`;
    let last = startAfter;
    let entries: AsyncIterator<Entry> | undefined;
    try {
      for (;;) {
        if (closing !== undefined) throw closed(backend, "list", prefix);
        signal?.throwIfAborted();
        entries ??= toIterable<Entry>(backend.list(prefix, call), "list", prefix)[Symbol.asyncIterator]();
        const step = await abortable(Promise.resolve(entries.next()), signal);
        if (step.done === true) {
          entries = undefined;
          return;
        }
        const { key, size } = assertEntry(step.value, prefix);
        if (!key.startsWith(root) || !isKey(key)) {
          options.onForeignKey?.(key);
          continue;
        }
        if (last !== undefined && key <= last) throw unexpected("list", key, "keys are not in ascending order");
        last = key;
        yield { key, size };
      }
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      throw named(error, "list", prefix);
    } finally {
      const stopped = Promise.resolve(entries?.return?.()).catch(() => {});
      if (signal?.aborted !== true) await stopped;
    }
  };

  return {
    contract: 1,
    name: backend.name,
    get capabilities() {
      return backend.capabilities;
    },
    ...(backend.liveness && { liveness: checkedLiveness(backend.liveness) }),

    create: async (key, body, call) => {
      const own: { failure?: { error: unknown } } = {};
      await guard("create", key, call, () => backend.create(key, toBody(body, own), call), own);
    },
    read: (key, call) =>
      guard("read", key, call, async () => {
        clampRange(call?.range, 0);
        return toOwnBytes(await backend.read(key, call), key, call?.range?.length);
      }),
    stat: (key, call) => guard("stat", key, call, async () => toStat(await backend.stat(key, call), key)),
    list,
    remove: async (key, call) => {
      await guard("remove", key, call, () => backend.remove(key, call));
    },
    ...(backend.capabilities.append &&
      append && {
        append: async (key: string, bytes: Uint8Array, call?: AppendOptions) => {
          await guard("append", key, call, async () => {
            if (!isBytes(bytes)) throw invalidArgument("bytes", "a Uint8Array", bytes);
            const at: unknown = call?.at;
            if (at !== undefined && !isSize(at)) throw invalidArgument("at", "a non-negative safe integer", at);
            await append.call(backend, key, bytes, call);
          });
        },
      }),
    ...(backend.capabilities.move === true &&
      move && {
        move: async (from: string, to: string, call?: CallOptions) => {
          await guard("move", from, call, async () => {
            assertKey(to);
            await move.call(backend, from, to, call);
          });
        },
      }),
    ...(changes && {
      changes: (prefix: string, call?: CallOptions) =>
        relayHints(
          (inner) => toIterable<void>(changes.call(backend, prefix, inner), "changes", prefix),
          call,
          (error) => named(error, "changes", prefix),
          () => {
            assertPrefix(prefix);
            if (closing !== undefined) throw closed(backend, "changes", prefix);
          },
        ),
    }),
    ...(locate && {
      locate: (key: string) => {
        assertKey(key);
        return locate.call(backend, key);
      },
    }),
    close: () => {
      closing ??= (async () => {
        try {
          await backend.close?.();
        } catch (error) {
          throw named(error, "close", undefined);
        }
      })();
      return closing;
    },
  };
}

function toIterable<T>(returned: unknown, operation: string, prefix: string): AsyncIterable<T> {
  const iterable = returned as AsyncIterable<T> | null | undefined;
  if (typeof iterable?.[Symbol.asyncIterator] === "function") return iterable;
  // Probably a promise. If nobody handled its failure, the failure would end the process.
  Promise.resolve(returned).catch(() => {});
  throw unexpected(operation, prefix, `${operation} returned no async iterable`);
}

/** Returns a checked body that records its own failure, to distinguish it from a failure of the backend. */
function toBody(body: unknown, own: { failure?: { error: unknown } }): Body {
  if (isBytes(body)) return body;
  const stream = body as AsyncIterable<Uint8Array> & { size?: unknown };
  const iterable = typeof body === "object" && body !== null && typeof stream[Symbol.asyncIterator] === "function";
  if (!iterable) throw invalidArgument("body", "a Uint8Array or an async iterable of them", body);
  const { size } = stream;
  if (size !== undefined && !(Number.isSafeInteger(size) && (size as number) >= 0)) {
    throw invalidArgument("body.size", "a non-negative safe integer", size);
  }
  const noting = {
    [Symbol.asyncIterator]: (): AsyncIterator<Uint8Array> => {
      const inner = stream[Symbol.asyncIterator]();
      return {
        next: async () => {
          try {
            return await inner.next();
          } catch (error) {
            own.failure = { error };
            throw error;
          }
        },
        return: async () => (await inner.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
  return size === undefined ? noting : Object.assign(noting, { size: size as number });
}

function toOwnBytes(bytes: unknown, key: string, longest: number | undefined): Uint8Array {
  if (!isBytes(bytes)) throw unexpected("read", key, "it did not return a Uint8Array");
  if (longest !== undefined && bytes.byteLength > longest) {
    throw unexpected("read", key, `it returned ${bytes.byteLength} bytes instead of at most ${longest}`);
  }
  // Copies bytes of another realm, of a subclass, or over a larger buffer.
  const own = Object.getPrototypeOf(bytes) === Uint8Array.prototype && bytes.byteLength === bytes.buffer.byteLength;
  return own ? bytes : new Uint8Array(bytes);
}

function toStat(found: unknown, key: string): { size: number } | undefined {
  if (found === undefined) return undefined;
  const size = (found as { size?: unknown } | null)?.size;
  if (!isSize(size)) throw unexpected("stat", key, "it returned no valid size");
  return { size };
}

function assertEntry(entry: unknown, prefix: string): Entry {
  const { key, size } = (entry ?? {}) as { key?: unknown; size?: unknown };
  if (typeof key !== "string" || !isSize(size)) throw unexpected("list", prefix, "an entry has no valid key or size");
  return { key, size };
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isKey(key: string): boolean {
  try {
    assertKey(key);
    return true;
  } catch {
    return false;
  }
}

/** Returns the error as a `LedgerError` that names the operation and the key. */
function named(error: unknown, operation: string, key: string | undefined): LedgerError {
  if (!LedgerError.is(error)) {
    const what = key === undefined ? "the backend" : JSON.stringify(key);
    const why = messageOf(error, "the backend gave no reason");
    return new LedgerError("IO", `cannot ${operation} ${what}: ${why}`, { key, operation, cause: error });
  }
  if (error.key !== undefined && error.operation !== undefined) return error;
  const { code, message, field, received, status, transient, cause } = error;
  return new LedgerError(code, message, {
    field,
    received,
    key: error.key ?? key,
    operation: error.operation ?? operation,
    status,
    transient,
    cause,
  });
}

function unexpected(operation: string, key: string, what: string): LedgerError {
  return new LedgerError("UNEXPECTED_RESPONSE", `the backend broke its contract: ${what}`, { key, operation });
}

function closed(backend: Backend, operation: string, key: string): LedgerError {
  return new LedgerError("CLOSED", `this ${backend.name} backend was closed`, { key, operation });
}
