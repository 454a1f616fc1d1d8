/** The parts of the File System API that TypeScript's `DOM` library lacks. */

/** A file that one worker has open for itself. */
export interface SyncAccessHandle {
  getSize(): number;
  write(bytes: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** A handle on a file, with the methods that only some browsers or threads have. */
export interface FileHandle extends FileSystemFileHandle {
  createSyncAccessHandle?(): Promise<SyncAccessHandle>;
  move?(directory: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** The most directories that are remembered. */
const MOST_KNOWN = 256;
/** Handles by path. To walk there again takes a message to the browser for each name. */
const known = new Map<string, FileSystemDirectoryHandle>();

/**
 * Returns what `work` returns for a directory under the root of the site's own file system. `make` creates the
 * directory. If something is not found, calls `work` again with a new handle, because the directory may be another one
 * than before.
 */
export async function inDirectory<T>(
  path: readonly string[],
  make: boolean,
  work: (directory: FileSystemDirectoryHandle) => Promise<T>,
): Promise<T> {
  const name = path.join("/");
  const before = known.get(name);
  if (before) {
    try {
      return await work(before);
    } catch (error) {
      if ((error as Error).name !== "NotFoundError") throw error;
      known.delete(name);
    }
  }
  const directory = await walk(path, make);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(name, directory);
  return await work(directory);
}

async function walk(path: readonly string[], make: boolean): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory();
  for (const name of path) directory = await directory.getDirectoryHandle(name, { create: make });
  return directory;
}
