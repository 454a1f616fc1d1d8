import type { ObjectLocation } from "./location.ts";

/**
 * Bytes passed to a backend: all at once, or as a stream of chunks. In Node a `ReadableStream<Uint8Array>` is such a
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
   * The object and its name must survive a power cut when the call resolves, even if the backend does not ensure that
   * by default. The same applies to an object that `create` finds under the key. The core asks for this before it
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
  /** Lists only keys after this one, in code-unit order. It need not exist. Default: all. */
  readonly startAfter?: string | undefined;
  /**
   * How many entries the caller probably takes before it stops, at least 1. A backend that gets pages of entries may ask
   * for a small one first. `pageSize` is only a hint: the list goes on as long as the caller takes entries. Default:
   * unknown.
   */
  readonly pageSize?: number | undefined;
}

/** What a backend can do here. The core and the conformance suite read only this, never the name. */
export interface Capabilities {
  /** `append` exists and adds bytes to the end of an object at a cost that does not grow with the object. */
  readonly append: boolean;
  /** Exactly one of any number of simultaneous `create` calls on one key resolves, from any number of processes. */
  readonly exclusiveCreate: boolean;
  /** What a resolved call stored survives the end of this process. */
  readonly durable: boolean;
  /** `move` exists and renames in one step without copying bytes. Left out means `false`. */
  readonly move?: boolean;
  /** Every change rejects with `UNSUPPORTED`. The core then tries none to tidy up. Left out means `false`. */
  readonly readOnly?: boolean;
}

/** One object of a listing. `size` is in bytes. */
export interface Entry {
  /** The key of the object. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Tells whether the thread that wrote a token still runs. A backend that many machines share answers for the threads
 * that it can see. For all others it answers `undefined`, and then the run's own progress decides.
 */
export interface Liveness {
  /** Identifies this thread of this process, and never another one. Opaque, at most 200 characters, without secrets. */
  readonly token: string;
  /**
   * Resolves to `true` if the thread runs, `false` if it certainly ended, else `undefined`. Never rejects. Answer
   * `false` only if it is certain, because the library then removes what that thread could still append to.
   */
  isAlive(token: string): Promise<boolean | undefined>;
}

/**
 * Where a ledger keeps its objects: the seam between the core and storage.
 *
 * An object is a key and immutable bytes. Only `append` ever changes an object. The core validates keys before a
 * backend sees them: they are `/`-separated segments as `assertKey` describes. `a` and `a/b` never both exist in one
 * ledger, so a backend may map segments to directories.
 *
 * For every method:
 * - it returns a promise and never throws synchronously;
 * - it resolves only when the change is visible to every handle on the same place and, if `capabilities.durable` is
 *   true, stored. Resolving early, even one microtask before the bytes are in place, breaks the contract;
 * - it rejects only with a `LedgerError` that has `key` and `code`. An aborted call rejects promptly with the signal's
 *   reason. A call whose signal is aborted beforehand has no effect;
 * - after `close()` it rejects with `CLOSED`.
 *
 * A backend never changes the bytes passed in, and never keeps them after the call. The bytes it returns belong to the
 * caller and are a `Uint8Array` (no subclass) with a buffer of its own.
 */
export interface Backend {
  /** Version of this contract. */
  readonly contract: 1;
  /** A name for messages: `fs`, `s3`, `memory`, … */
  readonly name: string;
  /** What this backend can do. The core reads it when a ledger is opened. */
  readonly capabilities: Capabilities;
  /** Optional. See {@link Liveness}. */
  readonly liveness?: Liveness | undefined;

  /**
   * Stores a new object, whole or not at all: no reader ever sees a part of it, not even after a crash. Never replaces
   * an object: if the key exists, it rejects with `EXISTS` and the object keeps its bytes. If a body stream fails,
   * nothing is stored and the call rejects with that failure. If a stream yields more or fewer bytes than its `size`,
   * it rejects with `INVALID_ARGUMENT`.
   *
   * With `durable`, the object survives a power cut, whether the call resolves or rejects with `EXISTS`.
   *
   * Counter-example: `if (!exists(key)) write(key)`. Two callers both see no object, and both write.
   */
  create(key: string, body: Body, options?: CreateOptions): Promise<void>;

  /**
   * Returns the bytes of an object, or of a range of it. A range is cut at the end of the object. It is empty, and not
   * an error, if it begins there or later. Rejects with `NOT_FOUND` if there is no such object. A key that is only the
   * prefix of other keys is not an object.
   */
  read(key: string, options?: ReadOptions): Promise<Uint8Array>;

  /** Returns the size in bytes, or `undefined` if there is no such object. */
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
   * Yields every object under a prefix once, in ascending code-unit order of the whole key, and nothing else (no
   * temporary files). A prefix is whole segments: `runs/1` finds `runs/1/a`, but neither `runs/10/a` nor an object
   * `runs/1`. The empty prefix finds everything, and a prefix with nothing under it finds nothing. `startAfter` is
   * exclusive and need not exist. Objects created or removed during the listing may or may not be listed. The caller
   * may stop early.
   */
  list(prefix: string, options?: ListOptions): AsyncIterable<Entry>;

  /**
   * Removes one object, never those under its key. Resolves if there is no such object. The key can be created again.
   */
  remove(key: string, options?: CallOptions): Promise<void>;

  /**
   * Adds bytes to the end of an object, and creates it if it is missing. Without `capabilities.append`, the method is
   * absent or rejects with `UNSUPPORTED`. Calls on one key from one handle take effect in the order of the calls. If a
   * call rejects, none, some or all of its bytes may be stored, and the core never appends to that key again.
   *
   * With `at`, it rejects with `CONFLICT` and adds nothing unless the object has this size; 0 allows a missing one.
   * Otherwise somebody else has removed, replaced, truncated or written it. With `durable`, the bytes of a resolved
   * call survive a power cut.
   */
  append?(key: string, bytes: Uint8Array, options?: AppendOptions): Promise<void>;

  /**
   * Gives an object another key in one step. Rejects with `EXISTS` if `to` exists, `NOT_FOUND` if `from` does not.
   * Without `capabilities.move`, the method is absent or rejects with `UNSUPPORTED`. The core uses it for artifacts
   * whose digest it knows only when they are stored.
   */
  move?(from: string, to: string, options?: CallOptions): Promise<void>;

  /**
   * Optional, for storage that reports changes. Each step is a hint that something under a prefix may have changed
   * since the step before. A hint may be late, stand for many changes, be wrong or be missing, so the caller still
   * looks from time to time, only less often. If changes continue, whichever handle makes them, a next hint comes
   * eventually, or the hints end, as they do if a place cannot be watched. Stopping at any step, an abort and `close()`
   * release what the watching holds. `close()` also ends the hints. Watching never keeps a process alive.
   */
  changes?(prefix: string, options?: CallOptions): AsyncIterable<void>;

  /**
   * Optional, for storage that other programs can read. Returns where they find an object with this key, whether or not
   * it exists. A layer that changes bytes must leave it out.
   */
  locate?(key: string): ObjectLocation;

  /** Releases what the handle holds. Other handles on the same place stay open. Closing twice is allowed. */
  close?(): Promise<void>;
}
