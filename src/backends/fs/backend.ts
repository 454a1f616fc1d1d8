import { reading } from "../../errors/ledger-error.ts";
import type { Backend, Liveness } from "../../backend/backend.ts";
import type { FileLocation } from "../../backend/location.ts";
import { directoryPath } from "./directory.ts";
import { checkChoice } from "../../arguments/choice.ts";
import { readOptions } from "../../arguments/options.ts";
import { link } from "./file-calls.ts";
import { FsHandle } from "./handle.ts";

/**
 * When a call counts as stored. `"os"`: the operating system has it, so it survives the end of the process, however that
 * comes. `"disk"`: it is on the device, so it survives a power cut too.
 */
export type Durability = "os" | "disk";

/** Options of `fsBackend`. */
export interface FsBackendOptions {
  /** Default `"os"`. */
  readonly durability?: Durability | undefined;
}

/** A backend over one directory. */
export interface FsBackend extends Backend {
  /** Tells whether a thread of this machine still runs. */
  readonly liveness: Liveness;
  /** Absolute path of the directory. */
  readonly directory: string;
  /** Returns the absolute path of an object. */
  locate(key: string): FileLocation;
  /**
   * Removes files that writers which died left behind: temporary files nobody wrote to for `olderThanMs`, counted by the
   * file system's own clock. A writer that stalled for so long and then goes on gets an error; give it a day or more.
   * Resolves to how many were removed, and the bytes that were in them.
   */
  removeStaleTemporaryFiles(options: {
    /** How long nobody wrote to a file, in ms. */
    readonly olderThanMs: number;
    /** Stops the call. Files removed before stay removed. */
    readonly signal?: AbortSignal | undefined;
  }): Promise<{
    /** The number of removed files. */
    removed: number;
    /** The bytes that were in them. */
    bytes: number;
  }>;
}

/**
 * A ledger in a directory, given as a path or a `file:` URL. The directory is made with the first thing that is stored; until then, and for reading, nothing
 * is written. Throws `INVALID_ARGUMENT` when an argument is wrong.
 */
export function fsBackend(directory: string | URL, options?: FsBackendOptions): FsBackend {
  const path = reading("directory", () => directoryPath(directory));
  const { durability = "os" } = readOptions("fsBackend", options, { durability: true });
  checkChoice("durability", durability, ["os", "disk"]);
  return new FsHandle(path, { disk: durability === "disk", link });
}
