import { dirname } from "node:path";
import { errno } from "./errors.ts";
import { constants, lstat, mkdir, open, rmdir, stat } from "./file-calls.ts";
import { type Root, linkError, parentKey } from "./paths.ts";

/** The most directories that are remembered as being on disk. */
const REMEMBERED = 10_000;

export interface Within {
  /** Syncs the directory's own name to disk before `work` is called. */
  readonly durable: boolean;
  /** Creates the directory if it is missing. Default `true`. */
  readonly make?: boolean;
}

/** How often a directory is created again because another call has removed it while it was empty. */
const MOST_ATTEMPTS = 20;

/** Creates and removes the directories of keys, and syncs their names to disk if asked to. */
export class Directories {
  readonly #root: Root;
  /** Identities of the directories whose own names are known to be on disk, by key. */
  readonly #stored = new Map<string, string>();
  /** The uppermost directory above the root that this handle created. */
  #madeTo: string | undefined;

  constructor(root: Root) {
    this.#root = root;
  }

  /**
   * Calls `work` with a directory that exists, is not a link, and, if `durable`, whose own name is on disk. Creates the
   * directory when `work` finds it missing, so that the usual case costs no extra call.
   */
  async within<T>(directoryKey: string, options: Within, work: (path: string) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#root.assertNoLink(directoryKey);
        if (options.durable) await this.#store(directoryKey);
        return await work(this.#root.path(directoryKey));
      } catch (error) {
        if (errno(error) !== "ENOENT" || attempt === MOST_ATTEMPTS || options.make === false) throw error;
      }
      try {
        await this.#make(directoryKey);
      } catch (error) {
        // One of the directories above may have been removed, too.
        if (errno(error) !== "ENOENT") throw error;
      }
    }
  }

  /**
   * Removes a directory if it is empty, and those above it that are empty then, but not the root. Returns the key of the
   * lowest directory that stays. `rmdir` refuses a directory that is not empty, so nothing is removed that another call
   * writes at the same time; {@link within} creates the directory again. On Windows, directories stay: a removed one
   * blocks its name while somebody watches it.
   */
  async removeEmpty(directoryKey: string): Promise<string> {
    if (process.platform === "win32") return directoryKey;
    let key = directoryKey;
    for (; key !== ""; key = parentKey(key)) {
      try {
        await rmdir(this.#root.path(key));
      } catch (error) {
        if (errno(error) !== "ENOENT") return key;
      }
    }
    return key;
  }

  /** Syncs the names in a directory to disk, or the absence of the directory if it is gone. */
  async sync(directoryKey: string): Promise<void> {
    for (let key = directoryKey; ; key = parentKey(key)) {
      try {
        return await syncDirectory(this.#root.path(key));
      } catch (error) {
        if (errno(error) !== "ENOENT" || key === "") throw error;
      }
    }
  }

  async #make(key: string): Promise<void> {
    if (key === "") return await this.#makeRoot();
    const parent = parentKey(key);
    try {
      // Checked before each step, because `mkdir` would follow a link above the new directory.
      await this.#root.assertNoLink(parent);
      await makeOne(this.#root.path(key), key);
    } catch (error) {
      if (errno(error) !== "ENOENT") throw error;
      await this.#make(parent);
      await this.#root.assertNoLink(parent);
      await makeOne(this.#root.path(key), key);
    }
  }

  async #makeRoot(): Promise<void> {
    const { directory } = this.#root;
    const first = await mkdir(directory, { recursive: true });
    if (first !== undefined) this.#madeTo = first;
  }

  /**
   * Syncs the names of the directory and of those above it up to the root, once, even if another process created them.
   */
  async #store(key: string): Promise<void> {
    const found = await identify(this.#root.path(key));
    if (this.#stored.get(key) === found) return;
    if (key === "") await this.#storeRoot();
    else {
      await this.#store(parentKey(key));
      await syncDirectory(this.#root.path(parentKey(key)));
    }
    if (this.#stored.size >= REMEMBERED) this.#stored.clear();
    this.#stored.set(key, found);
  }

  /**
   * Syncs the names of the root and of the created directories above it. Directories above belong to the caller and may
   * be unreadable.
   */
  async #storeRoot(): Promise<void> {
    const { directory } = this.#root;
    const last = this.#madeTo ?? directory;
    for (let path = directory; ; path = dirname(path)) {
      try {
        await syncDirectory(dirname(path));
      } catch (error) {
        if (!["EACCES", "EPERM"].includes(errno(error) ?? "")) throw error;
      }
      if (path === last || path === dirname(path)) return;
    }
  }
}

async function makeOne(path: string, key: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errno(error) !== "EEXIST") throw error;
    if ((await lstat(path)).isSymbolicLink()) throw linkError(key); // A dangling link. Others were found before.
  }
}

/** Identifies a directory. Includes its birth time, because file systems reuse the number of a removed directory. */
async function identify(path: string): Promise<string> {
  const { dev, ino, birthtimeNs } = await stat(path, { bigint: true });
  return `${dev}:${ino}:${birthtimeNs}`;
}

/** Syncs a directory. Does nothing on Windows, which cannot do this. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
