import type { BigIntStats } from "node:fs";
import type { FileState } from "../../backend/file-tree.ts";
import { closeSync, constants, lstat, lstatSync, openSync, readSync } from "./file-calls.ts";
import { fileState } from "./file-state.ts";
import { Pace } from "./pace.ts";
import type { Examined } from "./walk.ts";

/** Larger files are read asynchronously. */
const SMALL_BYTES = 64 * 1024;
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** A file that was examined, and its state. */
export type FileFound = Examined & { readonly state: FileState | undefined };

/** Examines and reads the small files of a directory, synchronously as long as the file system answers fast. */
export class SmallFileReader {
  readonly #pace = new Pace();
  #bytes: Uint8Array | undefined;

  /** Returns what is known of a file. `ownClock`: see `fileState`. */
  examine(path: string, ownClock: bigint | undefined): FileFound | Promise<FileFound> {
    const found = this.#pace.atOnce(() => lstatSync(path, { bigint: true }));
    if (found !== undefined) return examined(found, ownClock);
    return lstat(path, { bigint: true }).then((stats) => examined(stats, ownClock));
  }

  /**
   * Returns the bytes of a file, valid until the next call. Returns `undefined` if it is not small, does not have this
   * size any more, or should be read asynchronously, which also finds out what is wrong.
   */
  read(path: string, size: number): Uint8Array | undefined {
    if (size > SMALL_BYTES) return undefined;
    return this.#pace.atOnce(() => this.#read(path, size));
  }

  #read(path: string, size: number): Uint8Array | undefined {
    // One byte more, to notice a longer file.
    this.#bytes ??= new Uint8Array(SMALL_BYTES + 1);
    let file: number | undefined;
    try {
      file = openSync(path, FLAGS);
      let done = 0;
      for (let more = -1; more !== 0 && done <= size; done += more) {
        more = readSync(file, this.#bytes, done, size + 1 - done, done);
      }
      return done === size ? this.#bytes.subarray(0, size) : undefined;
    } catch {
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

/** Returns what is known of a file. `ownClock`: see `fileState`. */
export function examined(stats: BigIntStats, ownClock: bigint | undefined): FileFound {
  return {
    isFile: () => stats.isFile(),
    size: Number(stats.size),
    mtimeMs: Number(stats.mtimeMs),
    state: fileState(stats, ownClock),
  };
}
