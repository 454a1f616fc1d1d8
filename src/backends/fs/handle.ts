import { abortable } from "../../platform/abort.ts";
import type {
  AppendOptions,
  Backend,
  Body,
  CallOptions,
  CreateOptions,
  Entry,
  ListOptions,
  Liveness,
  ReadOptions,
} from "../../backend/backend.ts";
import { type HintSink, type Hints, changeHints } from "../../backend/change-hints.ts";
import type { FileLocation } from "../../backend/location.ts";
import { LedgerError, invalidArgument } from "../../errors/ledger-error.ts";
import { MAX_STORED_KEY_BYTES, assertKey, assertPrefix } from "../../backend/key.ts";
import { Appends, type AppendsOptions } from "./append.ts";
import { BodyFailure, createObject, openTemporary } from "./create.ts";
import { Directories } from "./directories.ts";
import { failure, isAbsent, toLedgerError } from "./errors.ts";
import { lstat, unlink } from "./file-calls.ts";
import { finalMode } from "./final-mode.ts";
import { listObjects, removeStale } from "./list.ts";
import { processLiveness } from "./liveness.ts";
import { Root, parentKey } from "./paths.ts";
import { type Link, publish } from "./publish.ts";
import { openToRead, readObject } from "./read.ts";
import { SharedFiles } from "./shared-files.ts";
import { watchDirectories } from "./watch-directories.ts";

export interface FsHandleOptions extends AppendsOptions {
  readonly disk: boolean;
  readonly link: Link;
}

/** What `fsBackend` returns. Tests also choose here how links are made and when files are closed. */
export class FsHandle implements Backend {
  readonly contract = 1;
  readonly name = "fs";
  readonly capabilities = { append: true, exclusiveCreate: true, durable: true, move: true } as const;
  readonly liveness: Liveness = processLiveness;
  readonly directory: string;
  readonly #root: Root;
  readonly #files: SharedFiles;
  readonly #directories: Directories;
  readonly #appends: Appends;
  readonly #link: Link;
  readonly #disk: boolean;
  readonly #mode: number;
  readonly #watching = new Set<HintSink>();
  #closed = false;

  constructor(directory: string, options: FsHandleOptions) {
    this.#root = new Root(directory);
    this.directory = this.#root.directory;
    this.#disk = options.disk;
    this.#link = options.link;
    this.#files = new SharedFiles({
      open: async (key) => {
        await this.#root.assertNoLink(parentKey(key));
        return await openToRead(this.#root.path(key));
      },
      look: (key) => lstat(this.#root.path(key), { bigint: true }),
    });
    this.#directories = new Directories(this.#root);
    this.#appends = new Appends(this.#root, this.#directories, options);
    this.#mode = finalMode();
  }

  create(key: string, body: Body, options?: CreateOptions): Promise<void> {
    const signal = options?.signal;
    const durable = this.#disk || options?.durable === true;
    return this.#call("create", key, signal, async () => {
      const directoryKey = parentKey(key);
      // Only this step can be repeated if the directory is missing, because a stream can be read only once.
      const temporary = await this.#directories.within(directoryKey, { durable }, openTemporary);
      const target = { operation: "create", key, ...this.#place(key), link: this.#link };
      try {
        await createObject(temporary, { ...target, body, signal, durable, mode: this.#mode });
      } catch (error) {
        // The object may come from an earlier attempt that failed after it gave the name, or from another process that
        // did not sync it.
        if (durable && LedgerError.hasCode(error, "EXISTS")) await this.#store(key);
        throw error;
      }
      if (durable) await this.#directories.sync(directoryKey);
    });
  }

  read(key: string, options?: ReadOptions): Promise<Uint8Array> {
    const signal = options?.signal;
    const work = async (): Promise<Uint8Array> => {
      try {
        return await this.#files.use(key, (found) => readObject(found, key, options?.range, signal));
      } catch (error) {
        throw isAbsent(error) ? failure("NOT_FOUND", "read", key, "it does not exist", error) : error;
      }
    };
    return this.#call("read", key, signal, () => abortable(work(), signal));
  }

  stat(key: string, options?: CallOptions): Promise<{ size: number } | undefined> {
    const signal = options?.signal;
    const work = async (): Promise<{ size: number } | undefined> => {
      const size = await this.#sizeOf(key);
      return size === undefined ? undefined : { size };
    };
    return this.#call("stat", key, signal, () => abortable(work(), signal));
  }

  async *list(prefix: string, options?: ListOptions): AsyncGenerator<Entry> {
    assertPrefix(prefix, MAX_STORED_KEY_BYTES);
    const signal = options?.signal;
    const entries = listObjects(this.#root, prefix, options?.startAfter, signal);
    try {
      for (;;) {
        if (this.#closed) throw this.#closedError("list", prefix);
        signal?.throwIfAborted();
        const step = await abortable(entries.next(), signal);
        if (step.done === true) return;
        yield step.value;
      }
    } catch (error) {
      throw toOutcome(error, "list", prefix, signal);
    }
  }

  remove(key: string, options?: CallOptions): Promise<void> {
    return this.#call("remove", key, options?.signal, async () => {
      if ((await this.#sizeOf(key)) === undefined) return;
      await this.#appends.release(key, true);
      options?.signal?.throwIfAborted();
      await removeFile(this.#root.path(key));
      const left = await this.#directories.removeEmpty(parentKey(key));
      if (this.#disk) await this.#directories.sync(left);
    });
  }

  append(key: string, bytes: Uint8Array, options?: AppendOptions): Promise<void> {
    const durable = this.#disk || options?.durable === true;
    const signal = options?.signal;
    return this.#call("append", key, signal, () =>
      this.#appends.append(key, bytes, { at: options?.at, durable, signal }),
    );
  }

  move(from: string, to: string, options?: CallOptions): Promise<void> {
    return this.#call("move", from, options?.signal, async () => {
      assertKey(to, MAX_STORED_KEY_BYTES);
      if ((await this.#sizeOf(from)) === undefined) throw failure("NOT_FOUND", "move", from, "it does not exist");
      await this.#appends.release(from, true);
      const source = this.#root.path(from);
      const target = { operation: "move", key: to, ...this.#place(to), link: this.#link };
      const how = await this.#directories.within(parentKey(to), { durable: this.#disk }, async () => {
        options?.signal?.throwIfAborted();
        return await publish(source, target);
      });
      if (how === "linked" && !(await removeFile(source))) {
        // Another call has moved or removed `from`, so the object belongs to that call.
        await removeFile(this.#root.path(to));
        throw failure("NOT_FOUND", "move", from, "it was moved or removed meanwhile");
      }
      if (!this.#disk) return;
      await this.#directories.sync(parentKey(to));
      await this.#directories.sync(parentKey(from));
    });
  }

  changes(prefix: string, options?: CallOptions): Hints {
    return changeHints((sink) => {
      assertPrefix(prefix, MAX_STORED_KEY_BYTES);
      if (this.#closed) throw this.#closedError("changes", prefix);
      const stop = watchDirectories(this.#root, prefix, sink);
      this.#watching.add(sink);
      return () => {
        this.#watching.delete(sink);
        stop();
      };
    }, options);
  }

  locate(key: string): FileLocation {
    assertKey(key, MAX_STORED_KEY_BYTES);
    return { kind: "file", path: this.#root.path(key) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const sink of this.#watching) sink.end();
    await Promise.all([this.#appends.close(), this.#files.close()]);
  }

  removeStaleTemporaryFiles(options: {
    readonly olderThanMs: number;
    readonly signal?: AbortSignal | undefined;
  }): Promise<{ removed: number; bytes: number }> {
    const age: unknown = options?.olderThanMs;
    const signal = options?.signal;
    return this.#guard("remove", "", signal, async () => {
      if (typeof age !== "number" || !(age >= 0)) throw invalidArgument("olderThanMs", "a non-negative number", age);
      if ((await lstat(this.directory).catch(() => undefined)) === undefined) return { removed: 0, bytes: 0 };
      const probe = await openTemporary(this.directory);
      let now: number;
      try {
        now = (await probe.file.stat()).mtimeMs;
      } finally {
        await probe.file.close();
        await unlink(probe.path);
      }
      return await removeStale(this.#root, now, age, signal, removeFile);
    });
  }

  /** Syncs an existing file and its name to disk. Does nothing if another process has removed it. */
  async #store(key: string): Promise<void> {
    try {
      const file = await openToRead(this.#root.path(key));
      try {
        await file?.sync();
      } finally {
        await file?.close();
      }
      await this.#directories.sync(parentKey(key));
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }

  #place(key: string): { directory: string; name: string } {
    const directoryKey = parentKey(key);
    return {
      directory: this.#root.path(directoryKey),
      name: key.slice(directoryKey === "" ? 0 : directoryKey.length + 1),
    };
  }

  async #call<T>(operation: string, key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    assertKey(key, MAX_STORED_KEY_BYTES);
    return await this.#guard(operation, key, signal, work);
  }

  /** Runs `work` at once, so that calls enter their queues in the order in which they were made. */
  async #guard<T>(operation: string, key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#closedError(operation, key);
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      throw toOutcome(error, operation, key, signal);
    }
  }

  #closedError(operation: string, key: string): LedgerError {
    return failure("CLOSED", operation, key, "this fs backend was closed");
  }

  /** Returns the size of the object, or `undefined` if there is nothing, a directory or a link. */
  async #sizeOf(key: string): Promise<number | undefined> {
    try {
      await this.#root.assertNoLink(parentKey(key));
      const found = await lstat(this.#root.path(key));
      return found.isFile() ? found.size : undefined;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
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

/** Removes a file. Returns true if there was one. */
async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
