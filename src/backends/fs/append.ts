import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { abortable } from "../../platform/abort.ts";
import { type Clock, type Timer, systemClock } from "../../platform/clock.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import type { Directories } from "./directories.ts";
import { errno, failure, isAbsent, toLedgerError } from "./errors.ts";
import { constants, lstat, open } from "./file-calls.ts";
import { type Root, parentKey } from "./paths.ts";
import { writeFully } from "./write-behind.ts";

const FLAGS = constants.O_WRONLY | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export interface AppendsOptions {
  /** Most files held open while nothing is written to them. Default 64. */
  readonly maxOpen?: number;
  /** A file nothing was written to for so long is closed, in ms. Default 5000. */
  readonly idleMs?: number;
  readonly clock?: Clock;
}

/** How one call appends. */
export interface AppendCall {
  /** Size the file must have. */
  readonly at?: number | undefined;
  /** Put the bytes and the file's name on disk before the call resolves. */
  readonly durable?: boolean;
  readonly signal?: AbortSignal | undefined;
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
  /** The file's name is on disk. */
  named?: boolean;
}

/** Keeps the files that are appended to open, one handle a key, and the calls on each in order. */
export class Appends {
  readonly #root: Root;
  readonly #directories: Directories;
  readonly #options: Required<AppendsOptions>;
  /** Least recently used first. */
  readonly #files = new Map<string, Growing>();
  /** Keys on which an append failed half-way. What they end with is not known, so nothing is added behind it. */
  readonly #broken = new Map<string, LedgerError>();
  #timer: Timer | undefined;

  constructor(root: Root, directories: Directories, options: AppendsOptions = {}) {
    this.#root = root;
    this.#directories = directories;
    this.#options = { maxOpen: 64, idleMs: 5000, clock: systemClock, ...options };
  }

  /** How many files are held open. */
  get openFiles(): number {
    return [...this.#files.values()].filter((file) => file.handle !== undefined).length;
  }

  /** Takes its place in the queue of the key before it returns. */
  append(key: string, bytes: Uint8Array, call: AppendCall = {}): Promise<void> {
    const { signal } = call;
    const file = this.#files.get(key) ?? { tail: Promise.resolve(), waiting: 0, usedAt: 0 };
    this.#files.delete(key);
    this.#files.set(key, file);
    file.waiting++;
    const before = file.tail;
    const work = (async (): Promise<void> => {
      await abortable(before, signal);
      signal?.throwIfAborted();
      await this.#write(key, file, bytes, call);
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

  async #write(key: string, file: Growing, bytes: Uint8Array, { at, durable }: AppendCall): Promise<void> {
    const earlier = this.#broken.get(key);
    if (earlier !== undefined) {
      throw failure("IO", "append", key, "an earlier append to it failed half-way, so nothing is added to it", earlier);
    }
    const handle = await this.#open(key, file, at);
    if (durable) await this.#name(key, file);
    try {
      await writeFully(handle, bytes, null);
      if (durable) await handle.datasync();
    } catch (error) {
      const broken = toLedgerError(error, "append", key);
      this.#broken.set(key, broken);
      await this.#close(key, file);
      throw broken;
    }
  }

  /**
   * The handle of the key. When the name now stands for another file than the one held open: a handle of that one, or
   * `CONFLICT` for a caller who says which size the file has.
   */
  async #open(key: string, file: Growing, at: number | undefined): Promise<FileHandle> {
    if (file.handle !== undefined) {
      // If it cannot be looked at, the error of opening it tells why.
      const [now, link] = await Promise.all([
        lstat(this.#root.path(key), { bigint: true }).catch(() => undefined),
        // The same file under a link is out of the ledger: no reader goes there.
        this.#root.assertNoLink(parentKey(key)).catch((error: unknown) => (LedgerError.is(error) ? error : undefined)),
      ]);
      if (link) {
        await closeQuietly(file);
        throw link;
      }
      if (now !== undefined && inodeOf(now) === file.inode) {
        assertSize(key, now.size, at);
        return file.handle;
      }
      await closeQuietly(file);
      if (at !== undefined && at > 0 && now !== undefined) throw changed(key, "another file has its name");
    }
    const handle = await this.#openFile(key, at);
    try {
      const found = await handle.stat({ bigint: true });
      if (!found.isFile()) throw failure("CONFLICT", "append", key, "something that is no object has its name");
      assertSize(key, found.size, at);
      file.inode = inodeOf(found);
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
    file.handle = handle;
    return handle;
  }

  /** Opens the file; makes it, and its directory, unless there must be something in it. */
  async #openFile(key: string, at = 0): Promise<FileHandle> {
    const make = at === 0;
    const directoryKey = parentKey(key);
    try {
      return await this.#directories.within(directoryKey, { durable: false, make }, (directory) =>
        open(
          join(directory, key.slice(directoryKey === "" ? 0 : directoryKey.length + 1)),
          make ? FLAGS | constants.O_CREAT : FLAGS,
          0o666,
        ),
      );
    } catch (error) {
      if (!make && isAbsent(error)) throw changed(key, "it is gone", error);
      if (!["ELOOP", "EISDIR", "ENXIO"].includes(errno(error) ?? "")) throw error;
      throw failure("CONFLICT", "append", key, "something that is no object has its name", error);
    }
  }

  /** Syncs the file's name. Also when the file existed before: its creator may have died before it synced the name. */
  async #name(key: string, file: Growing): Promise<void> {
    if (file.named) return;
    const directoryKey = parentKey(key);
    const durable = { durable: true, make: false };
    await this.#directories.within(directoryKey, durable, () => this.#directories.sync(directoryKey));
    file.named = true;
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
  delete file.named;
  await handle?.close().catch(() => {});
}

function inodeOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function assertSize(key: string, size: bigint, at: number | undefined): void {
  if (at === undefined || size === BigInt(at)) return;
  throw changed(key, `it has ${size} bytes where ${at} were expected`);
}

function changed(key: string, what: string, cause?: unknown): LedgerError {
  return failure("CONFLICT", "append", key, `${what}: somebody else has changed it`, cause);
}
