import { checkChoice } from "../arguments/choice.ts";
import type { OptionNames } from "../arguments/options.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import { type GitFileSystem, isGitFileSystem } from "./git-file-system.ts";

const ENGINES = ["auto", "git", "isomorphic-git"] as const;
/** A record keeps archives of at most 64 MiB. */
const MOST_BYTES = 60_000_000;
const MOST_FILES = 20_000;

/** Options of `captureGit`. */
export interface CaptureGitOptions {
  /** A directory in the repository. Default: the working directory of the process. */
  readonly directory?: string | undefined;
  /** Another file system, such as memfs or LightningFS. It is read with isomorphic-git. */
  readonly fs?: GitFileSystem | undefined;
  /** What reads the repository. `"auto"`, the default, takes the git program if there is one. */
  readonly engine?: "auto" | "git" | "isomorphic-git" | undefined;
  /** Whether the snapshot has a patch of the changes. Default `true`. */
  readonly patch?: boolean | undefined;
  /** Whether the patch also adds the untracked files. Default `false`. */
  readonly untrackedContents?: boolean | undefined;
  /** The most bytes of the patch. Files that do not fit are left out. Default 1 MiB. */
  readonly maxPatchBytes?: number | undefined;
  /**
   * How long reading may take, in ms. Afterwards the snapshot has only what small files say, such as the commit and the
   * branch, and `incomplete` says so. The call never rejects because of the time. Default 10,000.
   */
  readonly timeoutMs?: number | undefined;
  /** Aborting it rejects the call with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The names of all {@link CaptureGitOptions}. */
export const GIT_OPTIONS: OptionNames<CaptureGitOptions> = {
  directory: true,
  fs: true,
  engine: true,
  patch: true,
  untrackedContents: true,
  maxPatchBytes: true,
  timeoutMs: true,
  signal: true,
};

/** Options of `captureSources`. */
export interface CaptureSourcesOptions {
  /** The directory with the sources. Default: the working directory of the process. */
  readonly directory?: string | undefined;
  /** Another file system, such as memfs or LightningFS. */
  readonly fs?: GitFileSystem | undefined;
  /** The most bytes of all files together, before compression. Default 10,000,000, at most 60,000,000. */
  readonly maxBytes?: number | undefined;
  /** The most bytes of a file, except a lockfile. Default 1,000,000. */
  readonly maxFileBytes?: number | undefined;
  /** The most files. Default 2,000, at most 20,000. */
  readonly maxFiles?: number | undefined;
  /** How long reading may take, in ms. Files that are not read by then are left out. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Aborting it rejects the call with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The names of all {@link CaptureSourcesOptions}. */
export const SOURCES_OPTIONS: OptionNames<CaptureSourcesOptions> = {
  directory: true,
  fs: true,
  maxBytes: true,
  maxFileBytes: true,
  maxFiles: true,
  timeoutMs: true,
  signal: true,
};

/** Throws `INVALID_ARGUMENT`, which names the option. `prefix` stands before its name. */
export function checkGitOptions(options: CaptureGitOptions, prefix = ""): void {
  const { engine, patch, untrackedContents, maxPatchBytes } = options;
  checkPlace(options, prefix);
  if (engine !== undefined) checkChoice(`${prefix}engine`, engine, ENGINES);
  for (const [name, value] of Object.entries({ patch, untrackedContents }))
    if (value !== undefined && typeof value !== "boolean") throw invalidArgument(prefix + name, "a boolean", value);
  if (maxPatchBytes !== undefined && !(Number.isSafeInteger(maxPatchBytes) && maxPatchBytes >= 0))
    throw invalidArgument(`${prefix}maxPatchBytes`, "a number of bytes", maxPatchBytes);
}

/** Throws `INVALID_ARGUMENT`, which names the option. `prefix` stands before its name. */
export function checkSourcesOptions(options: CaptureSourcesOptions, prefix = ""): void {
  const { maxBytes, maxFileBytes, maxFiles } = options;
  checkPlace(options, prefix);
  checkCount(`${prefix}maxBytes`, maxBytes, MOST_BYTES);
  checkCount(`${prefix}maxFileBytes`, maxFileBytes, MOST_BYTES);
  checkCount(`${prefix}maxFiles`, maxFiles, MOST_FILES);
}

function checkPlace({ directory, fs, timeoutMs }: CaptureSourcesOptions, prefix: string): void {
  if (directory !== undefined && (typeof directory !== "string" || directory === "" || directory.includes("\0")))
    throw invalidArgument(`${prefix}directory`, "a path", directory);
  if (fs !== undefined && !isGitFileSystem(fs))
    throw invalidArgument(`${prefix}fs`, "a file system with fs.promises", fs);
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs < 2 ** 31))
    throw invalidArgument(`${prefix}timeoutMs`, "a number of ms above 0", timeoutMs);
}

function checkCount(field: string, value: unknown, most: number): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most))
    throw invalidArgument(field, `a whole number from 0 to ${most}`, value);
}
