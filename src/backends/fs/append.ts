import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { abortable } from "../../backend/abort.ts";
import { type Clock, type Timer, systemClock } from "../../backend/clock.ts";
import type { LedgerError } from "../../backend/error.ts";
import type { Directories } from "./directories.ts";
import { errno, failure, toLedgerError } from "./errors.ts";
import { constants, lstat, open } from "./file-calls.ts";
import { type Root, parentKey } from "./paths.ts";
import { writeFully } from "./write-behind.ts";

const FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

export interface AppendOptions {
  /** Put the bytes on disk before a call resolves. */
  readonly disk: boolean;
  /** Most files held open while nothing is written to them. Default 64. */
  readonly maxOpen?: number;
  /** A file nothing was written to for so long is closed, in ms. Default 5000. */
  readonly idleMs?: number;
  readonly clock?: Clock;
}

/** A file being appended to. */
interface Growing {
  /** Settled once every call so far has been dealt with; never rejects. */
  tail: Promise<unknown>;
  waiting: number;
  usedAt: number;
  handle?: FileHandle;
  /** Which file the handle is of. */
  inode?: string;
}

/** Keeps the files that are appended to open, one handle a key, and the calls on each in order. */
export class Appends {
  readonly #root: Root;
  readonly #directories: Directories;
  readonly #options: Required<AppendOptions>;
  /** Least recently used first. */
  readonly #files = new Map<string, Growing>();
  /** Keys on which an append failed half-way. What they end with is not known, so nothing is added behind it. */
  readonly #broken = new Map<string, LedgerError>();
  #timer: Timer | undefined;

  constructor(root: Root, directories: Directories, options: AppendOptions) {
    this.#root = root;
    this.#directories = directories;
    this.#options = { maxOpen: 64, idleMs: 5000, clock: systemClock, ...options };
  }

  /** How many files are held open. */
  get openFiles(): number {
    return [...this.#files.values()].filter((file) => file.handle !== undefined).length;
  }

  /** Takes its place in the queue of the key before it returns. */
  append(key: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const file = this.#files.get(key) ?? { tail: Promise.resolve(), waiting: 0, usedAt: 0 };
    this.#files.delete(key);
    this.#files.set(key, file);
    file.waiting++;
    const before = file.tail;
    const work = (async (): Promise<void> => {
      await abortable(before, signal);
      signal?.throwIfAborted();
      await this.#write(key, file, bytes);
    })();
    file.tail = Promise.allSettled([before, work]).then(() => {
      file.waiting--;
      file.usedAt = this.#options.clock.monotonic();
      return this.#tidy();
    });
    return work;
  }

  /** Lets go of a key that gets removed or moved. `renewed`: what stood there is gone, so its failure is too. */
  async release(key: string, renewed: boolean): Promise<void> {
    const file = this.#files.get(key);
    await file?.tail;
    if (file !== undefined && file.waiting === 0) await this.#close(key, file);
    if (renewed) this.#broken.delete(key);
  }

  /** Waits for the calls made so far, then closes every file. */
  async close(): Promise<void> {
    const closing = [...this.#files].map(async ([key, file]) => {
      await file.tail;
      await this.#close(key, file);
    });
    await Promise.all(closing);
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #write(key: string, file: Growing, bytes: Uint8Array): Promise<void> {
    const earlier = this.#broken.get(key);
    if (earlier !== undefined) {
      throw failure("IO", "append", key, "an earlier append to it failed half-way, so nothing is added to it", earlier);
    }
    const handle = await this.#open(key, file);
    try {
      await writeFully(handle, bytes, null);
      if (this.#options.disk) await handle.datasync();
    } catch (error) {
      const broken = toLedgerError(error, "append", key);
      this.#broken.set(key, broken);
      await this.#close(key, file);
      throw broken;
    }
  }

  /** The handle of the key, a new one when the name now stands for another file than the one held open. */
  async #open(key: string, file: Growing): Promise<FileHandle> {
    if (file.handle !== undefined) {
      const now = await lstat(this.#root.path(key), { bigint: true }).catch(() => undefined);
      if (now !== undefined && `${now.dev}:${now.ino}` === file.inode) return file.handle;
      await closeQuietly(file);
    }
    const directoryKey = parentKey(key);
    const handle = await this.#directories.within(directoryKey, async (directory) => {
      try {
        return await open(join(directory, key.slice(directoryKey === "" ? 0 : directoryKey.length + 1)), FLAGS, 0o666);
      } catch (error) {
        if (!["ELOOP", "EISDIR", "ENXIO"].includes(errno(error) ?? "")) throw error;
        throw failure("CONFLICT", "append", key, "something that is no object has its name", error);
      }
    });
    try {
      const found = await handle.stat({ bigint: true });
      if (!found.isFile()) throw failure("CONFLICT", "append", key, "something that is no object has its name");
      // Also when it was there before: whoever made it may have died before its name was on disk.
      await this.#directories.sync(directoryKey);
      file.inode = `${found.dev}:${found.ino}`;
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
    file.handle = handle;
    return handle;
  }

  async #close(key: string, file: Growing): Promise<void> {
    if (this.#files.get(key) === file && file.waiting <= 1) this.#files.delete(key);
    await closeQuietly(file);
  }

  /** Closes what is too much or too old; looks again later while anything is left. */
  async #tidy(): Promise<void> {
    const { maxOpen, idleMs, clock } = this.#options;
    const now = clock.monotonic();
    const closing: Promise<void>[] = [];
    let over = this.#files.size - maxOpen;
    for (const [key, file] of this.#files) {
      const idle = file.waiting === 0;
      if (idle && (over > 0 || now - file.usedAt >= idleMs)) {
        over--;
        this.#files.delete(key);
        closing.push(closeQuietly(file));
      }
    }
    if (this.#files.size > 0 && this.#timer === undefined) {
      this.#timer = clock.timer(idleMs, () => {
        this.#timer = undefined;
        void this.#tidy();
      });
    }
    await Promise.all(closing);
  }
}

async function closeQuietly(file: Growing): Promise<void> {
  const { handle } = file;
  delete file.handle;
  delete file.inode;
  await handle?.close().catch(() => {});
}
