import type { FSWatcher } from "node:fs";

import { join } from "node:path";
import type { HintSink } from "../../backend/change-hints.ts";
import { errno, isAbsent } from "./errors.ts";
import { lstat, readdir, watch } from "./file-calls.ts";
import { type Root, parentKey } from "./paths.ts";

/** The most directories watched for one caller. Systems grant a few thousand watches to all programs of a user. */
const MAX_DIRECTORIES = 200;
/** Systems that watch everything below a directory themselves. On Linux, Node would watch every single file. */
const RECURSIVE = process.platform === "darwin" || process.platform === "win32";

/**
 * Reports changes under a prefix to `sink`, by watching its directories. If the prefix has no directory, watches the
 * nearest one above it inside the root. If that is impossible, the hints end. No watcher keeps the process alive.
 * Returns a function that stops watching.
 */
export function watchDirectories(root: Root, prefix: string, sink: HintSink): () => void {
  const watching = new DirectoryWatch(root, prefix, sink);
  watching.look();
  return () => watching.close();
}

interface Watched {
  readonly watcher: FSWatcher;
  readonly inode: string;
}

class DirectoryWatch {
  readonly #root: Root;
  readonly #prefix: string;
  readonly #sink: HintSink;
  readonly #watched = new Map<string, Watched>();
  #looking = false;
  #again = false;
  #closed = false;

  constructor(root: Root, prefix: string, sink: HintSink) {
    this.#root = root;
    this.#prefix = prefix;
    this.#sink = sink;
  }

  /** Finds the existing directories, and watches exactly those. */
  look(): void {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    void this.#lookAgain()
      .catch(() => this.#sink.end())
      .finally(() => (this.#looking = false));
  }

  close(): void {
    this.#closed = true;
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  async #lookAgain(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      const there = await this.#directories();
      if (this.#closed) return;
      for (const [path, { watcher, inode }] of this.#watched) {
        if (there.get(path) === inode) continue;
        watcher.close();
        this.#watched.delete(path);
      }
      let isNew = false;
      for (const [path, inode] of there) if (!this.#watched.has(path) && this.#watch(path, inode)) isNew = true;
      // Nobody saw what was created in them before they were watched.
      if (isNew) {
        this.#again = true;
        this.#sink.tell();
      }
    }
  }

  /** Watches a directory. Returns false if it is gone again: then the watcher of its parent reports the next one. */
  #watch(path: string, inode: string): boolean {
    try {
      const watcher = watch(
        path,
        { persistent: false, recursive: RECURSIVE && path === this.#root.path(this.#prefix) },
        (event) => {
          if (event === "rename") this.look();
          this.#sink.tell();
        },
      );
      watcher.on("error", () => this.#sink.end());
      this.#watched.set(path, { watcher, inode });
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }

  /** Returns the path and identity of each directory to watch. */
  async #directories(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (let key = this.#prefix; ; key = parentKey(key)) {
      try {
        await this.#root.assertNoLink(key);
        await this.#collect(this.#root.path(key), key === this.#prefix && !RECURSIVE, found);
        return found;
      } catch (error) {
        if (!isAbsent(error) || key === "") throw error;
      }
    }
  }

  async #collect(path: string, below: boolean, found: Map<string, string>): Promise<void> {
    // File systems reuse the number of a removed directory.
    const { dev, ino, birthtimeNs } = await lstat(path, { bigint: true });
    if (found.size >= MAX_DIRECTORIES) throw new Error("too many directories to watch");
    const entries = below ? await readdir(path, { withFileTypes: true }) : [];
    found.set(path, `${dev}:${ino}:${birthtimeNs}`);
    for (const entry of entries) {
      if (!entry.isDirectory()) continue;
      try {
        await this.#collect(join(path, entry.name), true, found);
      } catch (error) {
        if (errno(error) !== "ENOENT") throw error;
      }
    }
  }
}
