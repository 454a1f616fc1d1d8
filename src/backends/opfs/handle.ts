import type {
  AppendOptions,
  Backend,
  Body,
  CallOptions,
  Capabilities,
  CreateOptions,
  Entry,
  ListOptions,
  Liveness,
  ReadOptions,
} from "../../backend/backend.ts";
import { bodyChunks } from "../../backend/body.ts";
import { type HintSink, type Hints, changeHints } from "../../backend/change-hints.ts";
import { MAX_STORED_KEY_BYTES, assertKey, assertPrefix } from "../../backend/key.ts";
import type { LedgerError } from "../../errors/ledger-error.ts";
import { abortable } from "../../platform/abort.ts";
import { ChangeChannel } from "./change-channel.ts";
import { failure, toLedgerError } from "./errors.ts";
import type { PageTails } from "./page-tails.ts";
import type { Place } from "./place.ts";

/** What a handle is made of. */
export interface HandleParts<Storage extends string> {
  readonly name: string;
  readonly storage: Storage;
  readonly fallbacks: readonly { readonly storage: Storage; readonly error: LedgerError }[];
  readonly place: Place;
  readonly capabilities: Capabilities;
  readonly liveness: Liveness | undefined;
  /** Names the channel on which the tabs of a site tell each other what they changed. */
  readonly channel: string;
  /** Keeps appends of a page that ends, if the storage has appends. */
  readonly tails: PageTails | undefined;
  /** Called once, when the handle is closed. */
  readonly release: () => void;
}

/** A failure of the caller's stream. The caller gets it unchanged, not as an error of the storage. */
class BodyFailure {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** What `opfsBackend` returns: a place, with keys, signals, errors and hints of changes as the contract wants them. */
export class BrowserHandle<Storage extends string> implements Backend {
  readonly contract = 1;
  readonly name: string;
  readonly storage: Storage;
  readonly fallbacks: HandleParts<Storage>["fallbacks"];
  readonly capabilities: Capabilities;
  readonly liveness: Liveness | undefined;
  readonly append?: NonNullable<Backend["append"]>;
  readonly changes?: NonNullable<Backend["changes"]>;
  readonly #place: Place;
  readonly #tails: PageTails | undefined;
  readonly #channel: ChangeChannel;
  readonly #release: () => void;
  readonly #watching = new Set<HintSink>();
  #closing: Promise<void> | undefined;

  constructor(parts: HandleParts<Storage>) {
    this.name = parts.name;
    this.storage = parts.storage;
    this.fallbacks = parts.fallbacks;
    this.capabilities = parts.capabilities;
    this.liveness = parts.liveness;
    this.#place = parts.place;
    this.#tails = parts.tails;
    this.#channel = new ChangeChannel(parts.channel);
    this.#release = parts.release;
    if (parts.place.append) this.append = (key, bytes, options) => this.#append(key, bytes, options);
    if (typeof BroadcastChannel === "function") this.changes = (prefix, options) => this.#changes(prefix, options);
  }

  create(key: string, body: Body, options: CreateOptions = {}): Promise<void> {
    const chunks = bodyChunks(body, options.signal, key);
    return this.#call("create", key, options, () => this.#place.create(key, marked(chunks), options), [key]);
  }

  read(key: string, options: ReadOptions = {}): Promise<Uint8Array> {
    return this.#call("read", key, options, () => this.#place.read(key, options));
  }

  stat(key: string, options: CallOptions = {}): Promise<{ size: number } | undefined> {
    return this.#call("stat", key, options, () => this.#place.stat(key));
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<Entry> {
    assertPrefix(prefix, MAX_STORED_KEY_BYTES);
    const { signal } = options;
    const entries = this.#place.list(prefix, options)[Symbol.asyncIterator]();
    try {
      for (;;) {
        if (this.#closing) throw this.#closedError("list", prefix);
        signal?.throwIfAborted();
        const step = await abortable(entries.next(), signal);
        if (step.done === true) return;
        yield step.value;
      }
    } catch (error) {
      throw toOutcome(error, "list", prefix, signal);
    }
  }

  remove(key: string, options: CallOptions = {}): Promise<void> {
    return this.#call("remove", key, options, () => this.#place.remove(key, options), [key]);
  }

  move(from: string, to: string, options: CallOptions = {}): Promise<void> {
    const work = (): Promise<void> => {
      assertKey(to, MAX_STORED_KEY_BYTES);
      return this.#place.move(from, to, options);
    };
    return this.#call("move", from, options, work, [from, to]);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    for (const sink of this.#watching) sink.end();
    await this.#place.close();
    await this.#tails?.close();
    this.#channel.close();
    this.#release();
  }

  #append(key: string, bytes: Uint8Array, options: AppendOptions = {}): Promise<void> {
    const copy = new Uint8Array(bytes);
    const append = (): Promise<void> => this.#place.append!(key, copy, options);
    const work = (): Promise<void> => this.#tails?.during(key, copy, options.at, append) ?? append();
    return this.#call("append", key, options, work, [key]);
  }

  #changes(prefix: string, options?: CallOptions): Hints {
    return changeHints((sink) => {
      assertPrefix(prefix, MAX_STORED_KEY_BYTES);
      if (this.#closing) throw this.#closedError("changes", prefix);
      const stop = this.#channel.watch(prefix, () => sink.tell());
      this.#watching.add(sink);
      return () => {
        this.#watching.delete(sink);
        stop();
      };
    }, options);
  }

  /**
   * Runs `work` at once, so that appends enter their queues in the order in which they were made. When it is done,
   * tells the other tabs which keys it changed.
   */
  async #call<T>(
    operation: string,
    key: string,
    { signal }: CallOptions,
    work: () => Promise<T>,
    changed: readonly string[] = [],
  ): Promise<T> {
    assertKey(key, MAX_STORED_KEY_BYTES);
    if (this.#closing) throw this.#closedError(operation, key);
    signal?.throwIfAborted();
    try {
      const working = work();
      if (changed.length > 0) working.then(() => this.#channel.tell(changed)).catch(() => {});
      return await abortable(working, signal);
    } catch (error) {
      throw toOutcome(error, operation, key, signal);
    }
  }

  #closedError(operation: string, key: string): LedgerError {
    return failure("CLOSED", operation, key, "this opfs backend was closed");
  }
}

async function* marked(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw new BodyFailure(error);
  }
}

/**
 * Returns the error of a call: the signal's reason and a failure of the caller's stream unchanged, any other as a
 * `LedgerError`.
 */
function toOutcome(error: unknown, operation: string, key: string, signal: AbortSignal | undefined): unknown {
  if (error instanceof BodyFailure) return error.error;
  if (signal?.aborted === true && error === signal.reason) return error;
  return toLedgerError(error, operation, key);
}
