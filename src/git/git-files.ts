import { LedgerError } from "../errors/ledger-error.ts";
import { builtinModule } from "../platform/builtin-module.ts";
import { MAX_READ_FILE } from "./limits.ts";

/** The calls of `fs.promises` that are used. Node's `fs`, memfs and LightningFS have them. */
export interface GitFileSystem {
  /** The calls. */
  readonly promises: GitFileCalls;
}

/** Calls that read files, as `node:fs/promises` has them. */
export interface GitFileCalls {
  /** Returns the bytes of a file, or its text for an encoding. */
  readFile(path: string, options?: unknown): Promise<unknown>;
  /** Returns the names in a directory. */
  readdir(path: string): Promise<unknown>;
  /** Returns what is known of a path, behind links. */
  stat(path: string): Promise<GitFileStats>;
  /** Returns what is known of a path itself. */
  lstat(path: string): Promise<GitFileStats>;
  /** Returns the target of a link. */
  readlink(path: string): Promise<unknown>;
}

/** What a file system knows of a path. */
export interface GitFileStats {
  /** Bytes. */
  readonly size: number;
  /** Type and permissions, as Unix has them. */
  readonly mode: number;
  /** When the content changed, in ms since the epoch. Without both times the content is read. */
  readonly mtimeMs?: number;
  /** When the content, the name or the permissions changed, in ms since the epoch. */
  readonly ctimeMs?: number;
  /** Returns whether it is a file. */
  isFile(): boolean;
  /** Returns whether it is a directory. */
  isDirectory(): boolean;
  /** Returns whether it is a link. */
  isSymbolicLink(): boolean;
}

const CALLS = ["readFile", "readdir", "stat", "lstat", "readlink"] as const;
const ABSENT: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR"]);

/** Reads files. What does not exist is `undefined`; other failures reject. */
export interface GitFiles {
  readonly calls: GitFileCalls;
  /** Returns the content of a file. A pipe, a device or a directory is `undefined`. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Returns the names in a directory, sorted. */
  list(path: string): Promise<string[] | undefined>;
  lstat(path: string | Uint8Array): Promise<GitFileStats | undefined>;
  readlink(path: string): Promise<string | undefined>;
}

/** Returns whether a value has the calls of a `GitFileSystem`. */
export function isGitFileSystem(value: unknown): value is GitFileSystem {
  const promises = (value as Partial<GitFileSystem> | null | undefined)?.promises;
  return promises !== undefined && promises !== null && CALLS.every((name) => typeof promises[name] === "function");
}

/** Returns the file system of Node, Bun or Deno, or `undefined` on other platforms. */
export function nativeFileSystem(): GitFileSystem | undefined {
  return builtinModule<GitFileSystem>("node:fs");
}

export function gitFiles({ promises: calls }: GitFileSystem): GitFiles {
  return {
    calls,
    read: (path) =>
      unlessAbsent(async () => {
        // Opening a pipe waits for a writer, and keeps a thread of Node busy.
        const stats = await calls.stat(path);
        if (!stats.isFile()) return undefined;
        if (stats.size > MAX_READ_FILE) throw tooLarge();
        const bytes = await calls.readFile(path);
        if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        // LightningFS answers `undefined` for a directory.
        if (bytes === undefined) return undefined;
        throw new LedgerError("IO", "fs.promises.readFile must return bytes", { operation: "captureGit" });
      }),
    list: (path) => unlessAbsent(async () => ((await calls.readdir(path)) as unknown[]).map(String).sort()),
    lstat: (path) => unlessAbsent(() => calls.lstat(path as string)),
    readlink: (path) => unlessAbsent(async () => String(await calls.readlink(path))),
  };
}

function tooLarge(): LedgerError {
  return new LedgerError("TOO_LARGE", `a file has more than ${MAX_READ_FILE} bytes`, { operation: "captureGit" });
}

async function unlessAbsent<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (ABSENT.has((error as { readonly code?: unknown } | null)?.code)) return undefined;
    throw error;
  }
}
