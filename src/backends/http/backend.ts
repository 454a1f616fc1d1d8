import type { Backend, Body, CallOptions, Entry, ListOptions, ReadOptions } from "../../backend/backend.ts";
import { clampRange } from "../../backend/body.ts";
import { assertKey, assertPrefix, MAX_STORED_KEY_BYTES } from "../../backend/key.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { failure } from "./failure.ts";
import { ClosedSince } from "./closed-since.ts";
import { type Found, IndexReader } from "./index-reader.ts";
import { Missing } from "./missing.ts";
import { objectSize } from "./object-size.ts";
import { type HttpBackendOptions, resolveOptions, type Settings } from "./options.ts";
import { PUBLISH_AGAIN } from "./read-bounded.ts";
import { EntityTags, readObject } from "./read-object.ts";

/** A ledger on a server of static files, to read. */
export interface HttpBackend extends Backend {
  readonly name: "http";
}

/**
 * Returns a backend that reads a published ledger from a server of static files. `baseUrl` is the directory of the
 * ledger; a page may give one that is relative to its own. Needs nothing but `fetch`. Every change rejects with
 * `UNSUPPORTED`. Without an index, which `publish` writes, it reads objects, but cannot list. Throws `INVALID_ARGUMENT`
 * for options that cannot be right.
 */
export function httpBackend(baseUrl: string | URL, options?: HttpBackendOptions): HttpBackend {
  return new StaticFiles(resolveOptions(baseUrl, options));
}

/** Segments of journals. Only they may grow. */
const JOURNAL = /^runs\/[^/]+\/journal\//;

class StaticFiles implements HttpBackend {
  readonly contract = 1;
  readonly name = "http";
  readonly capabilities = { append: false, exclusiveCreate: false, durable: true, readOnly: true } as const;
  readonly #settings: Settings;
  readonly #index: IndexReader;
  readonly #closedSince: ClosedSince;
  readonly #tags = new EntityTags();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#index = new IndexReader(settings);
    this.#closedSince = new ClosedSince(settings, this.#index);
  }

  create(key: string, _body: Body, options?: CallOptions): Promise<never> {
    return this.#refuse("create", key, options);
  }

  remove(key: string, options?: CallOptions): Promise<never> {
    return this.#refuse("remove", key, options);
  }

  async read(key: string, { range, signal }: ReadOptions = {}): Promise<Uint8Array> {
    const operation = "read";
    this.#begin(operation, key, signal);
    const { maxReadBytes } = this.#settings;
    for (let isAgain = false; ; isAgain = true) {
      const { index, found } = await this.#find(key, operation, isAgain, signal);
      if (index && found === undefined) {
        // The index that is known may be older than `refreshMs`.
        if (!isAgain) continue;
        throw failure({ operation, key }, "NOT_FOUND", NOT_LISTED);
      }
      const size = found?.size;
      const { start, end } = clampRange(range, size ?? Number.MAX_SAFE_INTEGER);
      const isOpen = size === undefined && range?.length === undefined;
      const content = index?.contents.get(key);
      if (content) return content.slice(start, end);
      if (end - start > maxReadBytes && !isOpen)
        throw failure({ operation, key }, "TOO_LARGE", `more than ${maxReadBytes} bytes; read it in smaller ranges`);
      try {
        if (start === end) {
          if (size === undefined) await objectSize(this.#settings, { operation, key, signal });
          return new Uint8Array();
        }
        const reading = { start, end: isOpen ? Number.POSITIVE_INFINITY : end, size, mayGrow: JOURNAL.test(key) };
        return await readObject(this.#settings, this.#tags, { operation, key, signal, ...reading });
      } catch (error) {
        const isMissing = error instanceof Missing;
        if (!isMissing && !LedgerError.hasCode(error, "IO")) throw error;
        // The place may have been published again since, without the object or with another one.
        if (index && !isAgain && (await this.#index.isReplaced(index, operation, signal))) continue;
        if (index && isMissing && error.status !== 403 && (await this.#closedSince.find(key, index, signal)))
          throw failure({ operation, key }, "NOT_FOUND", "the run was closed after the ledger was published");
        throw isMissing ? this.#missing(operation, key, error, index !== undefined) : error;
      }
    }
  }

  async stat(key: string, { signal }: CallOptions = {}): Promise<{ size: number } | undefined> {
    const operation = "stat";
    this.#begin(operation, key, signal);
    const { index, found } = await this.#find(key, operation, true, signal);
    if (index) return found && { size: found.size };
    try {
      return { size: await objectSize(this.#settings, { operation, key, signal }) };
    } catch (error) {
      if (error instanceof Missing && error.status !== 403) return undefined;
      throw error instanceof Missing ? this.#missing(operation, key, error, false) : error;
    }
  }

  async *list(prefix: string, { startAfter, signal }: ListOptions = {}): AsyncGenerator<Entry, void, undefined> {
    assertPrefix(prefix, MAX_STORED_KEY_BYTES);
    this.#begin("list", prefix, signal);
    if (this.#closedSince.size > 0) {
      const { index } = await this.#index.find(prefix, "list", true, signal);
      if (index && this.#closedSince.has(prefix, index))
        throw failure({ operation: "list", key: prefix }, "UNSUPPORTED", CLOSED_SINCE);
    }
    for await (const entry of this.#index.list(prefix, startAfter, signal)) {
      signal?.throwIfAborted();
      this.#assertOpen("list", prefix);
      yield entry;
    }
  }

  async close(): Promise<void> {
    // Also ends requests that are on their way.
    this.#settings.closing.close();
  }

  /** Returns what may be shown of this backend, without credentials. */
  toJSON(): { name: string; host: string } {
    return { name: "http", host: this.#settings.base.host };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `HttpBackend ${JSON.stringify(this)}`;
  }

  async #refuse(operation: string, key: string, options: CallOptions | undefined): Promise<never> {
    this.#begin(operation, key, options?.signal);
    throw failure({ operation, key }, "UNSUPPORTED", "over HTTP a ledger can only be read");
  }

  /** Returns what the index says of a key: nothing if the run was closed after the index was written. */
  async #find(key: string, operation: string, isCurrent: boolean, signal: AbortSignal | undefined): Promise<Found> {
    const known = await this.#index.find(key, operation, isCurrent, signal);
    return known.index && this.#closedSince.has(key, known.index) ? { index: undefined, found: undefined } : known;
  }

  /** Returns the error for an object that the server does not have. */
  #missing(operation: string, key: string, { status }: Missing, isListed: boolean): LedgerError {
    const { host } = this.#settings.base;
    const why =
      status === 403 ? `${host} does not have it, or does not let it be read (403)` : `${host} has no such object`;
    if (!isListed)
      return failure({ operation, key }, status === 403 ? "PERMISSION_DENIED" : "NOT_FOUND", why, { status });
    return failure({ operation, key }, "IO", `${why}, although the index lists it: ${PUBLISH_AGAIN}`, { status });
  }

  #begin(operation: string, key: string, signal: AbortSignal | undefined): void {
    this.#assertOpen(operation, key);
    if (operation !== "list") assertKey(key, MAX_STORED_KEY_BYTES);
    signal?.throwIfAborted();
  }

  #assertOpen(operation: string, key: string): void {
    if (this.#settings.closing.isClosed) throw failure({ operation, key }, "CLOSED", "this backend is closed");
  }
}

const CLOSED_SINCE = "the index lists the run as it was before it was closed, and a server of files cannot list";
const NOT_LISTED = "there was no such object when the ledger was published";
