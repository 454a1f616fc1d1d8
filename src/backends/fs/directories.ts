import { dirname } from "node:path";
import { errno } from "./errors.ts";
import { constants, lstat, mkdir, open, stat } from "./file-calls.ts";
import { type Root, linkError, parentKey } from "./paths.ts";

/** Most directories remembered as being on disk. */
const REMEMBERED = 10_000;

export interface Within {
  /** The directory's own name must be on disk before `work` is called. */
  readonly durable: boolean;
  /** Make the directory when it is missing. Default `true`. */
  readonly make?: boolean;
}

/** Makes the directories of keys, and puts their names on disk where that is asked for. */
export class Directories {
  readonly #root: Root;
  /** Directories whose own names are known to be on disk, by key: which directory each of them was. */
  readonly #stored = new Map<string, string>();
  /** Uppermost of the directories above the root that this handle had to make. */
  #madeTo: string | undefined;

  constructor(root: Root) {
    this.#root = root;
  }

  /**
   * Calls `work` with a directory that exists, is no link, and, if `durable`, whose own name is on disk. The directory is
   * made when `work` finds it missing, so that the usual case costs no extra call.
   */
  async within<T>(directoryKey: string, options: Within, work: (path: string) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#root.assertNoLink(directoryKey);
        if (options.durable) await this.#store(directoryKey);
        return await work(this.#root.path(directoryKey));
      } catch (error) {
        if (errno(error) !== "ENOENT" || attempt === 2 || options.make === false) throw error;
        await this.#make(directoryKey);
      }
    }
  }

  /** Puts the names in a directory on disk. */
  async sync(directoryKey: string): Promise<void> {
    await syncDirectory(this.#root.path(directoryKey));
  }

  async #make(key: string): Promise<void> {
    if (key === "") return await this.#makeRoot();
    const parent = parentKey(key);
    try {
      // Before each step, because `mkdir` would follow a link above the new directory.
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

  /** Syncs the name of the directory, and the names above it up to the root, once. Also if another process made them. */
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

  /** Directories above the root are the caller's; they may be such that may be passed, but not read. */
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
    if ((await lstat(path)).isSymbolicLink()) throw linkError(key); // One that leads nowhere, else it was seen before.
  }
}

/** The time of its birth belongs to it, since file systems give the number of a removed directory to the next one. */
async function identify(path: string): Promise<string> {
  const { dev, ino, birthtimeNs } = await stat(path, { bigint: true });
  return `${dev}:${ino}:${birthtimeNs}`;
}

/** Windows cannot do this: there a name is as safe as the system makes it. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
