import { builtinModule } from "../platform/builtin-module.ts";

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

/** Returns whether a value has the calls of a `GitFileSystem`. */
export function isGitFileSystem(value: unknown): value is GitFileSystem {
  const promises = (value as Partial<GitFileSystem> | null | undefined)?.promises;
  return promises !== undefined && promises !== null && CALLS.every((name) => typeof promises[name] === "function");
}

/** Returns the file system of Node, Bun or Deno, or `undefined` on other platforms. */
export function nativeFileSystem(): GitFileSystem | undefined {
  return builtinModule<GitFileSystem>("node:fs");
}
