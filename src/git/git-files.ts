import { LedgerError } from "../errors/ledger-error.ts";
import type { GitFileCalls, GitFileStats, GitFileSystem } from "./git-file-system.ts";
import { MAX_READ_FILE } from "./limits.ts";
import { type FoundFile, readNativeFile } from "./read-found-file.ts";

const ABSENT: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR"]);

/** Reads files. What does not exist is `undefined`; other failures reject. */
export interface GitFiles {
  readonly calls: GitFileCalls;
  /**
   * Returns the content of a file. A pipe, a device or a directory is `undefined`. If the file was found before, so is a
   * link that has taken its place, or that of a directory on the way, where the file system can tell.
   */
  read(path: string, found?: FoundFile): Promise<Uint8Array | undefined>;
  /** Returns the names in a directory, sorted. */
  list(path: string): Promise<string[] | undefined>;
  lstat(path: string | Uint8Array): Promise<GitFileStats | undefined>;
  readlink(path: string): Promise<string | undefined>;
}

/** Returns what reads files. `isNative` says that the file system is that of the platform. */
export function gitFiles(fs: GitFileSystem, isNative: boolean): GitFiles {
  const { promises: calls } = fs;
  return {
    calls,
    read: (path, found) =>
      unlessAbsent(async () => {
        // Opening a pipe waits for a writer, and keeps a thread of Node busy.
        const stats = await calls.stat(path);
        if (!stats.isFile()) return undefined;
        checkSize(stats);
        if (isNative) return await readNativeFile(fs, path, found, checkSize);
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

function checkSize({ size }: GitFileStats): void {
  if (size <= MAX_READ_FILE) return;
  throw new LedgerError("TOO_LARGE", `a file has more than ${MAX_READ_FILE} bytes`, { operation: "captureGit" });
}

async function unlessAbsent<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (ABSENT.has((error as { readonly code?: unknown } | null)?.code)) return undefined;
    throw error;
  }
}
