import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";

/** How {@link SharedFiles} opens and examines files. */
export interface FileAccess {
  /** Opens the file of a key for reading. Returns `undefined` if it is known not to be a regular file. */
  open(key: string): Promise<FileHandle | undefined>;
  /** Examines what has the name now. Does not follow links. */
  look(key: string): Promise<BigIntStats>;
}

/**
 * A file, and its size in bytes, which is queried at the same time. The size is `undefined` if it is not a regular
 * file.
 */
export interface FoundFile {
  readonly file: FileHandle;
  readonly size: Promise<number | undefined>;
}

interface Held {
  readonly file: Promise<FileHandle | undefined>;
  users: number;
  /** The identity of the file, when it is known. */
  identity?: string;
  closing?: Promise<void>;
}

interface Moment {
  readonly held: Held;
  readonly size: Promise<number | undefined>;
}

const REPLACED: unique symbol = Symbol("the name stands for another file");

/**
 * Opens a file once for all calls that use it at the same moment, or in the turn of the event loop after others have
 * used it. Each call sees everything that was stored when it began: the calls of one moment check once which file has
 * the name then.
 */
export class SharedFiles {
  readonly #access: FileAccess;
  /** The file of a key that was opened last. */
  readonly #held = new Map<string, Held>();
  /** Files that are not closed yet, also those that no longer have the name. */
  readonly #open = new Set<Held>();
  readonly #moments = new Map<string, Moment>();

  constructor(access: FileAccess) {
    this.#access = access;
  }

  /**
   * Calls `work` with the file, or with `undefined` if it is not a regular file. Calls it again if the file was
   * replaced.
   */
  async use<T>(key: string, work: (found: FoundFile | undefined) => Promise<T>): Promise<T> {
    for (;;) {
      const { held, size } = this.#moments.get(key) ?? this.#begin(key);
      held.users++;
      try {
        const file = await held.file;
        return await work(file && { file, size });
      } catch (error) {
        if (error !== REPLACED) throw error;
      } finally {
        this.#release(key, held);
      }
    }
  }

  /** Closes the files that nobody uses. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((held) => (held.users === 0 ? this.#shut(held) : undefined)));
  }

  #begin(key: string): Moment {
    const before = this.#held.get(key);
    const known = before?.identity === undefined || before.closing ? undefined : before;
    // Not at once, so that it happens after all calls of this moment.
    const held: Held = known ?? { file: Promise.resolve().then(() => this.#access.open(key)), users: 0 };
    this.#held.set(key, held);
    this.#open.add(held);
    const size = Promise.resolve().then(async () => {
      this.#moments.delete(key);
      return await (known ? this.#lookAgain(key, known) : firstLook(held));
    });
    size.catch(() => {}); // The callers may have failed before.
    const moment = { held, size };
    this.#moments.set(key, moment);
    return moment;
  }

  async #lookAgain(key: string, held: Held): Promise<number> {
    // If this fails, the error of opening the file tells why.
    const found = await this.#access.look(key).catch(() => undefined);
    if (found && identityOf(found) === held.identity) return Number(found.size);
    if (this.#held.get(key) === held) this.#held.delete(key);
    throw REPLACED;
  }

  #release(key: string, held: Held): void {
    if (--held.users > 0) return;
    setImmediate(() => {
      if (held.users > 0) return;
      if (this.#held.get(key) === held) this.#held.delete(key);
      void this.#shut(held);
    });
  }

  #shut(held: Held): Promise<void> {
    // The bytes that were read are right even if closing fails.
    return (held.closing ??= held.file
      .then((file) => file?.close())
      .catch(() => {})
      .then(() => void this.#open.delete(held)));
  }
}

async function firstLook(held: Held): Promise<number | undefined> {
  const found = await (await held.file)?.stat({ bigint: true });
  if (found?.isFile() !== true) return undefined;
  held.identity = identityOf(found);
  return Number(found.size);
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
