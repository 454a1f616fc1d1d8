import { dirname } from "node:path";
import { errno } from "./errors.ts";
import { constants, lstat, mkdir, open } from "./file-calls.ts";
import { type Root, linkError, parentKey } from "./paths.ts";

/** Most directories remembered as being on disk. */
const REMEMBERED = 10_000;

/** Makes the directories of keys, and puts their names on disk where that is promised. */
export class Directories {
  readonly #root: Root;
  readonly #disk: boolean;
  /** Keys of directories whose own name is known to be on disk. */
  readonly #stored = new Set<string>();

  constructor(root: Root, disk: boolean) {
    this.#root = root;
    this.#disk = disk;
  }

  /**
   * Calls `work` with a directory that is there, no link, and, in `disk` mode, whose own name is on disk. The directory is
   * made when `work` finds it missing, so that the usual case costs no extra call.
   */
  async within<T>(directoryKey: string, work: (path: string) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#root.assertNoLink(directoryKey);
        await this.#store(directoryKey);
        return await work(this.#root.path(directoryKey));
      } catch (error) {
        if (errno(error) !== "ENOENT" || attempt === 2) throw error;
        await this.#make(directoryKey);
      }
    }
  }

  /** Puts the names in a directory on disk, in `disk` mode. */
  async sync(directoryKey: string): Promise<void> {
    if (this.#disk) await syncDirectory(this.#root.path(directoryKey));
  }

  async #make(key: string): Promise<void> {
    this.#stored.delete(key);
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
    if (first === undefined || !this.#disk) return;
    for (let path = directory; ; path = dirname(path)) {
      await syncDirectory(dirname(path));
      if (path === first || path === dirname(path)) return;
    }
  }

  /** Puts the name of the directory, and those above it up to the root, on disk: once, whoever made them. */
  async #store(key: string): Promise<void> {
    if (!this.#disk || this.#stored.has(key)) return;
    if (key === "") await this.#storeRoot();
    else {
      await this.#store(parentKey(key));
      await syncDirectory(this.#root.path(parentKey(key)));
    }
    if (this.#stored.size >= REMEMBERED) this.#stored.clear();
    this.#stored.add(key);
  }

  /** The directory above the root is the caller's; it may be one that may be passed, but not read. */
  async #storeRoot(): Promise<void> {
    try {
      await syncDirectory(dirname(this.#root.directory));
    } catch (error) {
      if (!["EACCES", "EPERM"].includes(errno(error) ?? "")) throw error;
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
