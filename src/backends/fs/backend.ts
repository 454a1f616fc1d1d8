import { LedgerError, invalidArgument, reading } from "../../errors/ledger-error.ts";
import type { Backend, Liveness } from "../../backend/backend.ts";
import type { FileLocation } from "../../backend/location.ts";
import { checkChoice } from "../../arguments/choice.ts";
import { readOptions } from "../../arguments/options.ts";
import { link } from "./file-calls.ts";
import { FsHandle } from "./handle.ts";
import { fileURLToPath } from "node:url";
import { isError } from "../../platform/any-realm.ts";

/**
 * When a call counts as stored. `"os"`: the operating system has the bytes, so they survive the end of the process in
 * any case. `"disk"`: the device has them, so they survive a power cut too.
 */
export type Durability = "os" | "disk";

/** Options of `fsBackend`. */
export interface FsBackendOptions {
  /** When a call counts as stored. Default `"os"`. */
  readonly durability?: Durability | undefined;
}

/** A backend over one directory. */
export interface FsBackend extends Backend {
  /** Tells whether a thread of this machine still runs. */
  readonly liveness: Liveness;
  /** The absolute path of the directory. */
  readonly directory: string;
  /** Returns the absolute path of an object. */
  locate(key: string): FileLocation;
  /**
   * Removes temporary files that dead writers left behind: those that nobody wrote to for `olderThanMs`, by the clock
   * of the file system. A writer that stalled for so long and then continues gets an error, so give it a day or more.
   * Returns what it removed.
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
 * Returns a backend that keeps a ledger in a directory, given as a path or a `file:` URL. The first `create` makes the
 * directory; reading writes nothing. Throws `INVALID_ARGUMENT` if an argument is wrong.
 */
export function fsBackend(directory: string | URL, options?: FsBackendOptions): FsBackend {
  const path = reading("directory", () => directoryPath(directory));
  const { durability = "os" } = readOptions("fsBackend", options, { durability: true });
  checkChoice("durability", durability, ["os", "disk"]);
  return new FsHandle(path, { disk: durability === "disk", link });
}

/** Matches `s3://bucket`, also as `path.join` changes it (`s3:/bucket`), but not the drive in `C:/runs`. */
const ADDRESS = /^([a-z][a-z0-9+.-]+):\//i;

/**
 * Returns the path of a directory that is given as a path or a `file:` URL. Throws `INVALID_ARGUMENT` for what is
 * probably not meant as a path: it would create a directory `s3:` or `~`, where nobody would look for the runs.
 */
function directoryPath(directory: string | URL): string {
  const given = directory instanceof URL ? directory.href : directory;
  if (typeof given !== "string" || given === "") throw invalidArgument("directory", "a path that is not empty", given);
  if (given.includes("\0")) throw noPath("must not contain a NUL character");
  if (/^~(?:[/\\]|$)/.test(given))
    throw noPath('begins with "~", which only a shell replaces: use join(homedir(), …) of node:os and node:path');
  const scheme = ADDRESS.exec(given)?.[1]?.toLowerCase();
  if (scheme === undefined) return given;
  if (scheme === "file") return fromFileUrl(given);
  throw noPath(`is an address (${scheme}:), not a path: ${hintOf(scheme)}`);
}

function fromFileUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw noPath(`is a file: URL that has no path here: ${isError(cause) ? cause.message : "it is malformed"}`);
  }
}

function hintOf(scheme: string): string {
  if (scheme === "s3") return "use s3Backend({ bucket, prefix }) of runledger/backends/s3 for a ledger in a bucket";
  if (scheme === "http" || scheme === "https")
    return "use s3Backend({ endpoint, bucket }) of runledger/backends/s3 for a ledger in an S3-compatible store";
  return 'begin with "./" to name a directory';
}

function noPath(why: string): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `directory ${why}`, { field: "directory", received: "string" });
}
