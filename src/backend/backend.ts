import type { ObjectLocation } from "./location.ts";

/**
 * Bytes handed to a backend: all at once, or as a stream of chunks. In Node a `ReadableStream<Uint8Array>` is such a
 * stream.
 */
export type Body = Uint8Array | ByteStream;

/** A stream of chunks that can be read once. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  /** The exact number of bytes that the stream yields, if known. */
  readonly size?: number | undefined;
}

/** A part of an object. Both numbers are non-negative safe integers. */
export interface ByteRange {
  /** The place of the first byte, from 0. */
  readonly offset: number;
  /** The number of bytes. Default: up to the end. */
  readonly length?: number | undefined;
}

/** Options of a call that can be aborted. */
export interface CallOptions {
  /** Once aborted, the call rejects with the signal's reason. What it was doing may still take effect. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `create`. */
export interface CreateOptions extends CallOptions {
  /**
   * The object and its name must survive a power cut before the call resolves, even if the backend does not see to that
   * by default. The same holds for an object that `create` finds under the key. The core asks for this before it
   * removes what the object replaces. Default `false`.
   */
  readonly durable?: boolean | undefined;
}

/** Options of `append`. */
export interface AppendOptions extends CreateOptions {
  /** The size that the caller expects the object to have, in bytes; 0 if the call may create it. Default: any size. */
  readonly at?: number | undefined;
}

/** Options of `read`. */
export interface ReadOptions extends CallOptions {
  /** The part to read. Default: the whole object. */
  readonly range?: ByteRange | undefined;
}

/** Options of `list`. */
export interface ListOptions extends CallOptions {
  /** Only keys behind this one, in code-unit order. It need not exist. Default: all. */
  readonly startAfter?: string | undefined;
}

/** What a backend can do here. The core and the conformance suite read only this, never the name. */
export interface Capabilities {
  /** `append` exists and adds bytes to the end of an object at a cost that does not grow with the object. */
  readonly append: boolean;
  /** Of any number of `create` calls on one key at once, from any number of processes, exactly one resolves. */
  readonly exclusiveCreate: boolean;
  /** What a resolved call stored survives the end of this process. */
  readonly durable: boolean;
  /** `move` exists and renames in one step without copying bytes. Left out means `false`. */
  readonly move?: boolean;
}

/** One object of a listing. `size` is in bytes. */
export interface Entry {
  /** The key of the object. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Tells whether the thread that wrote a token still runs. A backend that many machines share answers for the threads that it
 * can see, and `undefined` for all others: then the run's own progress decides.
 */
export interface Liveness {
  /** Names this thread of this process, and no other one ever. Opaque, at most 200 characters, no secret in it. */
  readonly token: string;
  /**
   * `true` runs, `false` certainly ended, `undefined` cannot be told from here. Never rejects. Answer `false` only if it is
   * certain: the library then removes what that thread could otherwise still append to.
   */
  isAlive(token: string): Promise<boolean | undefined>;
}

/**
 * Where a ledger keeps its objects: the seam between the core and storage.
 *
 * An object is a key and immutable bytes; the only change an object ever sees is `append`. Keys are validated by the core
 * before a backend sees them: `/`-separated segments as `assertKey` describes, so `a` and `a/b` never both exist in
 * one ledger, and a backend may map segments to folders.
 *
 * For every method:
 * - it returns a promise and never throws synchronously;
 * - it resolves only when the change is visible to every handle on the same place, and, where `capabilities.durable` says
 *   so, stored. Resolving early, even by one microtask before the bytes are in place, breaks the contract;
 * - it rejects with a `LedgerError` only, carrying `key` and a `code`; an aborted call rejects with the signal's reason,
 *   promptly, and a call whose signal is aborted beforehand has no effect;
 * - after `close()` it rejects with `CLOSED`.
 *
 * Bytes passed in are never kept after the call and never changed; bytes handed out belong to the caller and are exactly
 * `Uint8Array` (no subclass) over a buffer of their own.
 */
export interface Backend {
  /** Version of this contract. */
  readonly contract: 1;
  /** For messages: `fs`, `s3`, `memory`, … */
  readonly name: string;
  /** What this backend can do. The core reads it when a ledger is opened. */
  readonly capabilities: Capabilities;
  /** Optional. See {@link Liveness}. */
  readonly liveness?: Liveness | undefined;

  /**
   * Stores a new object, whole or not at all: no reader, and no crash, ever shows a part of it. Never replaces: when the
   * key exists it rejects with `EXISTS` and the object keeps its bytes. A body stream that fails leaves nothing behind and
   * the call rejects with that failure; one that yields more or fewer bytes than its `size` fails with `INVALID_ARGUMENT`.
   *
   * With `durable` a resolved call survives a power cut, and so does the object in the way of one that rejects with `EXISTS`.
   *
   * Counter-example: `if (!exists(key)) write(key)`. Two callers both see nothing there and both write.
   */
  create(key: string, body: Body, options?: CreateOptions): Promise<void>;

  /**
   * The bytes of an object, or of a range of it. A range is cut at the end of the object, so one that begins at or behind
   * the end gives no bytes and is no error. `NOT_FOUND` when there is no such object; a key that is only the prefix of
   * others is no object.
   */
  read(key: string, options?: ReadOptions): Promise<Uint8Array>;

  /** The size in bytes, or `undefined` when there is no such object. */
  stat(
    key: string,
    options?: CallOptions,
  ): Promise<
    | {
        /** Bytes. */
        size: number;
      }
    | undefined
  >;

  /**
   * Every object under a prefix, in ascending code-unit order of the whole key, each once, and nothing else (no temporary
   * files). A prefix counts whole segments: `runs/1` finds `runs/1/a`, never `runs/10/a`, and not an object `runs/1`.
   * The empty prefix finds everything; a prefix with nothing under it gives nothing. `startAfter` is exclusive and need not
   * exist. Objects created or removed meanwhile may or may not be seen. The caller may stop early.
   */
  list(prefix: string, options?: ListOptions): AsyncIterable<Entry>;

  /** Removes one object, never what lies under its key. Removing what is not there resolves. The key can be created again. */
  remove(key: string, options?: CallOptions): Promise<void>;

  /**
   * Adds bytes to the end of an object, which is created when missing. Only where `capabilities.append`; elsewhere the
   * method is absent or rejects with `UNSUPPORTED`. Calls on one key from one handle take effect in the order of the calls.
   * When it rejects, none, some or all of the bytes may be there: the core never appends to that key again.
   *
   * With `at` it rejects with `CONFLICT`, and adds nothing, when the object has another size, or is gone while `at` is not 0:
   * somebody else has removed, replaced, cut or written it. With `durable` a resolved call survives a power cut.
   */
  append?(key: string, bytes: Uint8Array, options?: AppendOptions): Promise<void>;

  /**
   * Gives an object another key, in one step: `EXISTS` when `to` exists, `NOT_FOUND` when `from` does not. Only where
   * `capabilities.move`. The core uses it for artifacts whose digest is known only once they are stored.
   */
  move?(from: string, to: string, options?: CallOptions): Promise<void>;

  /**
   * Optional, for storage that tells of changes by itself. Each step is a hint that something under a prefix may have changed since the
   * step before it. Hints may come late, stand for many changes, be wrong or be missing: their user goes on
   * looking from time to time, only less often. Of changes that go on they tell in the end, whichever handle makes them, or
   * the hints end, as they do where a place cannot be watched. The caller may stop at any step, which releases what the
   * watching holds; so does an abort, and so does `close()`, which ends the hints. It never keeps a process alive.
   */
  changes?(prefix: string, options?: CallOptions): AsyncIterable<void>;

  /**
   * Optional, for storage that other programs can read by themselves: where they find an object with that key. It says nothing about
   * whether there is one. A layer that changes bytes leaves it out.
   */
  locate?(key: string): ObjectLocation;

  /** Releases what the handle holds. Other handles on the same place go on. Closing twice is fine. */
  close?(): Promise<void>;
}
