import { readOptions } from "../../arguments/options.ts";
import type {
  AppendOptions,
  Backend,
  Body,
  CallOptions,
  CreateOptions,
  Entry,
  ListOptions,
  ReadOptions,
} from "../../backend/backend.ts";
import { isBytes } from "../../platform/any-realm.ts";
import { bodyChunks, clampRange, concatBytes } from "../../backend/body.ts";
import { type HintSink, type Hints, changeHints } from "../../backend/change-hints.ts";
import { LedgerError, invalidArgument } from "../../errors/ledger-error.ts";
import { MAX_STORED_KEY_BYTES, assertKey, assertPrefix } from "../../backend/key.ts";
import { Place } from "./place.ts";

/** Options of `memoryBackend`. */
export interface MemoryBackendOptions {
  /**
   * The greatest number of bytes that all objects may take together. Beyond it calls reject with `NO_SPACE`. Default:
   * no bound.
   */
  readonly maxBytes?: number | undefined;
}

/** The objects of a place at one moment: bytes by key, in ascending order of the keys. The snapshot is a copy. */
export type MemorySnapshot = ReadonlyMap<string, Uint8Array>;

/** A handle on a place in memory. The place lives as long as one of its handles. */
export interface MemoryBackend extends Backend {
  /** The bytes of all objects together. */
  readonly usedBytes: number;
  /** Returns another handle on the same place, even if this one is closed. Closing one handle closes no other. */
  open(): MemoryBackend;
  /** Returns a copy of everything that is stored now. Works on a closed handle too. */
  snapshot(): MemorySnapshot;
  /**
   * Makes the place hold exactly what the snapshot holds, for every handle. Throws `NO_SPACE` if that is more than
   * `maxBytes`, and `INVALID_KEY` if a key is not valid; then nothing changes.
   */
  restore(snapshot: MemorySnapshot): void;
}

/**
 * Returns the first handle on a new, empty place in memory. Everything that holds this handle, or one that `open()`
 * returned, shares the contents. Nothing outlives the process.
 */
export function memoryBackend(options: MemoryBackendOptions = {}): MemoryBackend {
  const maxBytes: unknown = readOptions("memoryBackend", options, { maxBytes: true }).maxBytes;
  if (maxBytes !== undefined && (typeof maxBytes !== "number" || !(maxBytes >= 0))) {
    throw invalidArgument("maxBytes", "a non-negative number", maxBytes);
  }
  return new Handle(new Place(maxBytes ?? Number.POSITIVE_INFINITY));
}

class Handle implements MemoryBackend {
  readonly contract = 1;
  readonly name = "memory";
  readonly capabilities = { append: true, exclusiveCreate: true, durable: false, move: true } as const;
  readonly #place: Place;
  readonly #watching = new Set<HintSink>();
  #closed = false;

  constructor(place: Place) {
    this.#place = place;
  }

  get usedBytes(): number {
    return this.#place.usedBytes;
  }

  open(): MemoryBackend {
    return new Handle(this.#place);
  }

  snapshot(): MemorySnapshot {
    return this.#place.copy();
  }

  restore(snapshot: MemorySnapshot): void {
    let total = 0;
    for (const [key, bytes] of snapshot) {
      assertKey(key, MAX_STORED_KEY_BYTES);
      total += bytes.byteLength;
    }
    if (total > this.#place.maxBytes) throw noSpace("restore", undefined, this.#place);
    this.#place.replaceAll(snapshot);
  }

  async create(key: string, body: Body, options?: CreateOptions): Promise<void> {
    const place = this.#place;
    const bytes = isBytes(body) ? new Uint8Array(body) : undefined; // Copied before anything is awaited.
    await this.#begin("create", key, options);
    const whole = bytes ?? (await this.#collect(key, body, options));
    if (place.get(key) !== undefined) throw failure("EXISTS", "create", key, "exists already");
    if (!place.fits(whole.byteLength)) throw noSpace("create", key, place);
    place.put(key, whole);
  }

  async read(key: string, options?: ReadOptions): Promise<Uint8Array> {
    await this.#begin("read", key, options);
    const object = this.#place.get(key);
    if (object === undefined) throw failure("NOT_FOUND", "read", key, "does not exist");
    const { start, end } = clampRange(options?.range, object.size);
    return object.bytes.slice(start, end);
  }

  async stat(key: string, options?: CallOptions): Promise<{ size: number } | undefined> {
    await this.#begin("stat", key, options);
    const object = this.#place.get(key);
    return object === undefined ? undefined : { size: object.size };
  }

  async *list(prefix: string, options?: ListOptions): AsyncGenerator<Entry> {
    assertPrefix(prefix, MAX_STORED_KEY_BYTES);
    const root = prefix === "" ? "" : `${prefix}/`;
    let last = options?.startAfter ?? "";
    for (;;) {
      await this.#check("list", prefix, options);
      const entries = this.#place.entriesAfter(root, last);
      if (entries.length === 0) return;
      for (const entry of entries) {
        yield entry;
        if (this.#closed || options?.signal?.aborted === true) await this.#check("list", prefix, options);
        last = entry.key;
      }
    }
  }

  async remove(key: string, options?: CallOptions): Promise<void> {
    await this.#begin("remove", key, options);
    this.#place.remove(key);
  }

  async append(key: string, bytes: Uint8Array, options?: AppendOptions): Promise<void> {
    const copy = new Uint8Array(bytes);
    await this.#begin("append", key, options);
    const size = this.#place.get(key)?.size;
    if (options?.at !== undefined && (size ?? 0) !== options.at) {
      const what = size === undefined ? "is gone" : `has ${size} bytes`;
      throw failure("CONFLICT", "append", key, `${what}, but ${options.at} bytes were expected`);
    }
    if (!this.#place.fits(copy.byteLength)) throw noSpace("append", key, this.#place);
    this.#place.append(key, copy);
  }

  async move(from: string, to: string, options?: CallOptions): Promise<void> {
    assertKey(to, MAX_STORED_KEY_BYTES);
    await this.#begin("move", from, options);
    if (this.#place.get(from) === undefined) throw failure("NOT_FOUND", "move", from, "does not exist");
    if (this.#place.get(to) !== undefined) throw failure("EXISTS", "move", to, "exists already");
    this.#place.move(from, to);
  }

  changes(prefix: string, options?: CallOptions): Hints {
    return changeHints((sink) => {
      assertPrefix(prefix, MAX_STORED_KEY_BYTES);
      if (this.#closed) throw closedError("changes", prefix);
      const stop = this.#place.watch(prefix === "" ? "" : `${prefix}/`, () => sink.tell());
      this.#watching.add(sink);
      return () => {
        this.#watching.delete(sink);
        stop();
      };
    }, options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const sink of this.#watching) sink.end();
  }

  async #begin(operation: string, key: string, options: CallOptions | undefined): Promise<void> {
    assertKey(key, MAX_STORED_KEY_BYTES);
    await this.#check(operation, key, options);
  }

  /** Waits one turn, so that a caller who aborts right after the call still prevents it. */
  async #check(operation: string, key: string, options: CallOptions | undefined): Promise<void> {
    if (this.#closed) throw closedError(operation, key);
    await undefined;
    options?.signal?.throwIfAborted();
  }

  /** Returns the bytes of a stream. Stops as soon as they no longer fit. */
  async #collect(key: string, body: Body, options: CallOptions | undefined): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of bodyChunks(body, options?.signal, key)) {
      total += chunk.byteLength;
      if (!this.#place.fits(total)) throw noSpace("create", key, this.#place);
      chunks.push(new Uint8Array(chunk));
    }
    return concatBytes(chunks, total);
  }
}

function failure(
  code: "EXISTS" | "NOT_FOUND" | "CLOSED" | "CONFLICT",
  operation: string,
  key: string,
  what: string,
): LedgerError {
  return new LedgerError(code, `${JSON.stringify(key)} ${what}`, { key, operation });
}

function closedError(operation: string, key: string): LedgerError {
  return failure("CLOSED", operation, key, "cannot be reached: this memory backend was closed");
}

function noSpace(operation: string, key: string | undefined, place: Place): LedgerError {
  const message = `the memory backend is full: ${place.usedBytes} of ${place.maxBytes} bytes are used`;
  return new LedgerError("NO_SPACE", message, { key, operation });
}
