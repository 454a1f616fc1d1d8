import type { GitFileCalls, GitFileStats, GitFileSystem } from "./git-file-system.ts";

/** What `node:fs` has beyond {@link GitFileSystem}. */
interface Native {
  readonly promises: GitFileCalls & { open(path: string, flags: number): Promise<FileHandle> };
  readonly constants?: { readonly [name: string]: number };
}

interface FileHandle {
  stat(): Promise<GitFileStats>;
  readFile(): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A file that was found before it is read. */
export interface FoundFile {
  /** What `lstat` said. */
  readonly stats: GitFileStats;
  /** The directory below which it was found, by way of no link. Without `/` at its end. */
  readonly root?: string;
}

/**
 * Returns the content of a file by the calls of `node:fs`, or `undefined` if there is no regular file, or if a link
 * has taken the place of what was `found`. Throws what `check` throws. Never waits for a writer of a pipe.
 */
export async function readNativeFile(
  fs: GitFileSystem,
  path: string,
  found: FoundFile | undefined,
  check: (stats: GitFileStats) => void,
): Promise<Uint8Array | undefined> {
  const { promises: calls, constants = {} } = fs as Native;
  const { O_RDONLY = 0, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const handle = await calls.open(path, O_RDONLY | O_NONBLOCK | (found ? O_NOFOLLOW : 0)).catch((error: unknown) => {
    // O_NOFOLLOW met a link.
    if ((error as { readonly code?: unknown } | null)?.code === "ELOOP") return undefined;
    throw error;
  });
  if (!handle) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) return undefined;
    check(stats);
    // On Windows, where there is no such flag, both calls may name a device differently.
    if (found && O_NOFOLLOW !== 0 && !isSame(stats, found.stats) && !(await isThere(calls, path, stats, found.root)))
      return undefined;
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Returns whether the file is at the path now, by way of no link below the root: editors replace files. */
async function isThere(calls: GitFileCalls, path: string, stats: GitFileStats, root?: string): Promise<boolean> {
  if (root !== undefined)
    for (let at = path.lastIndexOf("/"); at > root.length; at = path.lastIndexOf("/", at - 1))
      if (!(await calls.lstat(path.slice(0, at))).isDirectory()) return false;
  return isSame(stats, await calls.lstat(path));
}

function isSame(a: GitFileStats, b: GitFileStats): boolean {
  const [one, other] = [a, b] as readonly { readonly dev?: number; readonly ino?: number }[];
  return one?.ino === other?.ino && one?.dev === other?.dev;
}
