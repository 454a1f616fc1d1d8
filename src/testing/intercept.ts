import type { AppendOptions, Backend, Body, ByteRange, ByteStream, CallOptions, Entry } from "../backend/backend.ts";
import { isBytes } from "../platform/any-realm.ts";

/** A method of a backend, except `close`. */
export type Operation = "create" | "read" | "stat" | "list" | "remove" | "append" | "move";

/** A call on its way to a backend. */
export interface Call {
  readonly operation: Operation;
  /** Of `list` the prefix, of `move` the old key. */
  readonly key: string;
  /** Of `move` the new key. */
  readonly to?: string;
  /** Of `create` and `append`. */
  readonly body?: Body;
  readonly range?: ByteRange;
  readonly startAfter?: string;
  /** Of `create` and `append`: it was asked for. */
  readonly durable?: true;
  /** Of `append`. */
  readonly at?: number;
  readonly signal?: AbortSignal;
}

/** What stands between the caller and a backend. */
export interface Interceptor {
  /** `proceed` makes the call, with another body where one is given. Called at once, so that the order of calls is kept. */
  call<T>(call: Call, proceed: (body?: Body) => Promise<T>): Promise<T>;
  list(call: Call, proceed: () => AsyncIterable<Entry>): AsyncIterable<Entry>;
}

/**
 * `inner`, with each call on it made through `between`; hints of changes are no calls. Name, capabilities,
 * liveness and optional members are those of `inner`, but for `locate`: what is read past it would be no call.
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

/** The same body; `seen` is called with each chunk that is taken from it. */
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
