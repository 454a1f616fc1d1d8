import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";

/** What is done to the files of keys. */
export interface FileAccess {
  /** Opens it for reading; `undefined` when what is there is known to be no regular file. */
  open(key: string): Promise<FileHandle | undefined>;
  /** What has the name now. Links are not followed. */
  look(key: string): Promise<BigIntStats>;
}

/** A file, and its size in bytes as it is found meanwhile: `undefined` when it is no regular file. */
export interface FoundFile {
  readonly file: FileHandle;
  readonly size: Promise<number | undefined>;
}

interface Held {
  readonly file: Promise<FileHandle | undefined>;
  users: number;
  /** Which file it is, once that is known. */
  identity?: string;
  closing?: Promise<void>;
}

interface Moment {
  readonly held: Held;
  readonly size: Promise<number | undefined>;
}

const REPLACED: unique symbol = Symbol("the name stands for another file");

/**
 * Opens a file once for all who ask for it at the same moment, such as for ranges of it, or in the turn of the event loop after the others
 * are done. Each sees all that was stored when it asked: those of one moment look once at what has the name then.
 */
export class SharedFiles {
  readonly #access: FileAccess;
  /** What a key's file was when it was last opened. */
  readonly #held = new Map<string, Held>();
  /** Not closed yet, whether or not they still have the name. */
  readonly #open = new Set<Held>();
  readonly #moments = new Map<string, Moment>();

  constructor(access: FileAccess) {
    this.#access = access;
  }

  /** Calls `work` with the file, or without one where there is no regular file; again if it turns out to have been replaced. */
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

  /** Closes what nobody uses any more. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((held) => (held.users === 0 ? this.#shut(held) : undefined)));
  }

  #begin(key: string): Moment {
    const before = this.#held.get(key);
    const known = before?.identity === undefined || before.closing ? undefined : before;
    // Not at once: all who ask in this moment are to be seen.
    const held: Held = known ?? { file: Promise.resolve().then(() => this.#access.open(key)), users: 0 };
    this.#held.set(key, held);
    this.#open.add(held);
    const size = Promise.resolve().then(async () => {
      this.#moments.delete(key);
      return await (known ? this.#lookAgain(key, known) : firstLook(held));
    });
    size.catch(() => {}); // Who asks may have failed before.
    const moment = { held, size };
    this.#moments.set(key, moment);
    return moment;
  }

  async #lookAgain(key: string, held: Held): Promise<number> {
    // If it cannot be looked at, the error of opening it tells why.
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
    // What was read stays right if closing fails.
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
