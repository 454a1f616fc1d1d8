import type { AppendOptions, Backend, Body, ByteRange, ByteStream, CallOptions, Entry } from "../backend/backend.ts";
import { isBytes } from "../platform/any-realm.ts";

/** A method of a backend, except `close`. */
export type Operation = "create" | "read" | "stat" | "list" | "remove" | "append" | "move";

/** A call on its way to a backend. */
export interface Call {
  readonly operation: Operation;
  /** The key. For `list` the prefix, for `move` the old key. */
  readonly key: string;
  /** The new key of a `move`. */
  readonly to?: string;
  /** The body of a `create` or an `append`. */
  readonly body?: Body;
  readonly range?: ByteRange;
  readonly startAfter?: string;
  /** `true` if a `create` or an `append` asks for it. */
  readonly durable?: true;
  /** The size that an `append` expects. */
  readonly at?: number;
  readonly signal?: AbortSignal;
}

/** Code between the caller and a backend. */
export interface Interceptor {
  /**
   * Handles a call. `proceed` makes the call, with another body if one is given. This method is called without a delay,
   * so that calls keep their order.
   */
  call<T>(call: Call, proceed: (body?: Body) => Promise<T>): Promise<T>;
  list(call: Call, proceed: () => AsyncIterable<Entry>): AsyncIterable<Entry>;
}

/**
 * Returns a backend that makes each call on `inner` through `between`. Hints of changes do not count as calls. Name,
 * capabilities, liveness and optional members are those of `inner`. `locate` is left out, because a caller could use it
 * to read without a call.
 */
export function intercept(inner: Backend, between: Interceptor): Backend {
  const { append, move, changes, close } = inner;
  const call = <T>(
    operation: Operation,
    key: string,
    more: Partial<Call>,
    options: CallOptions | undefined,
    proceed: (body?: Body) => Promise<T>,
  ): Promise<T> =>
    between.call({ operation, key, ...more, ...(options?.signal && { signal: options.signal }) }, proceed);
  return {
    contract: 1,
    name: inner.name,
    get capabilities() {
      return inner.capabilities;
    },
    ...(inner.liveness && { liveness: inner.liveness }),
    create: (key, body, options) =>
      call("create", key, { body, ...asked(options) }, options, (other) => inner.create(key, other ?? body, options)),
    read: (key, options) =>
      call("read", key, options?.range ? { range: options.range } : {}, options, () => inner.read(key, options)),
    stat: (key, options) => call("stat", key, {}, options, () => inner.stat(key, options)),
    list: (prefix, options) => {
      const { startAfter, signal } = options ?? {};
      const made: Call = {
        operation: "list",
        key: prefix,
        ...(startAfter !== undefined && { startAfter }),
        ...(signal && { signal }),
      };
      return between.list(made, () => inner.list(prefix, options));
    },
    remove: (key, options) => call("remove", key, {}, options, () => inner.remove(key, options)),
    ...(append && {
      append: (key: string, bytes: Uint8Array, options?: AppendOptions) =>
        call("append", key, { body: bytes, ...asked(options) }, options, (other) =>
          append.call(inner, key, (other as Uint8Array | undefined) ?? bytes, options),
        ),
    }),
    ...(move && {
      move: (from: string, to: string, options?: CallOptions) =>
        call("move", from, { to }, options, () => move.call(inner, from, to, options)),
    }),
    ...(changes && { changes: (prefix: string, options?: CallOptions) => changes.call(inner, prefix, options) }),
    ...(close && { close: () => close.call(inner) }),
  };
}

function asked(options: AppendOptions | undefined): Pick<Call, "durable" | "at"> {
  return { ...(options?.durable === true && { durable: true }), ...(options?.at !== undefined && { at: options.at }) };
}

/** Returns the same body. Calls `seen` with each chunk that is read from it. */
export function observeBody(body: Body, seen: (chunk: Uint8Array) => void): Body {
  if (isBytes(body)) {
    seen(body);
    return body;
  }
  const stream: ByteStream = {
    [Symbol.asyncIterator]: () => {
      const chunks = body[Symbol.asyncIterator]();
      return {
        next: async () => {
          const step = await chunks.next();
          if (step.done !== true) seen(step.value);
          return step;
        },
        return: async () => (await chunks.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
  return body.size === undefined ? stream : Object.assign(stream, { size: body.size });
}
