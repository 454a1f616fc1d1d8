import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { abortable } from "../../platform/abort.ts";
import { type Clock, type Timer, systemClock } from "../../platform/clock.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import type { Directories } from "./directories.ts";
import { NOT_AN_OBJECT, errno, failure, isAbsent, toLedgerError } from "./errors.ts";
import { constants, lstat, open } from "./file-calls.ts";
import { type Root, parentKey } from "./paths.ts";
import { writeFully } from "./write-behind.ts";

const FLAGS = constants.O_WRONLY | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export interface AppendsOptions {
  /** The most files that are kept open while nothing is written to them. Default 64. */
  readonly maxOpen?: number;
  /** Time in ms after which a file is closed if nothing is written to it. Default 5000. */
  readonly idleMs?: number;
  readonly clock?: Clock;
}

/** Options of one append. */
export interface AppendCall {
  /** Size that the file must have. */
  readonly at?: number | undefined;
  /** Syncs the bytes and the file's name to disk before the call resolves. */
  readonly durable?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A file that is appended to. */
interface Growing {
  /** Resolves when every call so far has ended. Never rejects. */
  tail: Promise<unknown>;
  waiting: number;
  usedAt: number;
  handle?: FileHandle;
  /** Identifies the file of the handle. */
  inode?: string;
  /** True if the file's name is on disk. */
  named?: boolean;
}

/** Keeps one open handle for each key that was appended to recently, and runs the calls on each key in order. */
export class Appends {
  readonly #root: Root;
  readonly #directories: Directories;
  readonly #options: Required<AppendsOptions>;
  /** The open files by key, least recently used first. */
  readonly #files = new Map<string, Growing>();
  /** Keys on which an append failed. How such a file ends is unknown, so nothing more is appended to it. */
  readonly #broken = new Map<string, LedgerError>();
  #timer: Timer | undefined;

  constructor(root: Root, directories: Directories, options: AppendsOptions = {}) {
    this.#root = root;
    this.#directories = directories;
    this.#options = { maxOpen: 64, idleMs: 5000, clock: systemClock, ...options };
  }

  /** The number of open files. */
  get openFiles(): number {
    return [...this.#files.values()].filter((file) => file.handle !== undefined).length;
  }

  /** Appends bytes. Enters the queue of the key before it returns. */
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

  /**
   * Closes the file of a key that is removed or moved. `renewed` states that the file is gone, so an earlier failure no
   * longer matters.
   */
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
      throw failure("IO", "append", key, "an earlier append to it failed, so nothing more is added to it", earlier);
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
   * Returns the handle of the key. If the name now belongs to another file than the open one, opens that file, or
   * rejects with `CONFLICT` if the caller states a size.
   */
  async #open(key: string, file: Growing, at: number | undefined): Promise<FileHandle> {
    if (file.handle !== undefined) {
      // If this fails, the error of opening the file tells why.
      const [now, link] = await Promise.all([
        lstat(this.#root.path(key), { bigint: true }).catch(() => undefined),
        // Behind a link, the same file is outside the ledger, where no reader looks.
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
      if (!found.isFile()) throw failure("CONFLICT", "append", key, NOT_AN_OBJECT);
      assertSize(key, found.size, at);
      file.inode = inodeOf(found);
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
    file.handle = handle;
    return handle;
  }

  /** Opens the file. Creates it, and its directory, if it may be empty. */
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
      throw failure("CONFLICT", "append", key, NOT_AN_OBJECT, error);
    }
  }

  /** Syncs the file's name even if the file existed before: its creator may have died before it synced the name. */
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

  /** Closes files that are too many or idle for too long. Checks again later while any is left. */
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
  throw changed(key, `it has ${size} bytes instead of ${at}`);
}

function changed(key: string, what: string, cause?: unknown): LedgerError {
  return failure("CONFLICT", "append", key, `${what}: somebody else has changed it`, cause);
}
