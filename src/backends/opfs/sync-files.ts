import { removeEmptyFolder } from "./empty-folders.ts";
import { type FileHandle, inDirectory, type SyncAccessHandle } from "./file-system.ts";
import { withLock } from "./locks.ts";

/** An append as a worker gets it. */
export interface AppendRequest {
  /** The path under the root of the site's own file system. */
  readonly path: readonly string[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The size that the file must have. 0 and `undefined` create the file. */
  readonly at?: number | undefined;
  /** The lock to hold. Without it, nobody else knows the file. */
  readonly lock?: string | undefined;
}

/** What an append found: whether it added the bytes, and the size before, which is `undefined` for a missing file. */
export interface AppendResult {
  readonly isDone: boolean;
  readonly size: number | undefined;
}

/** Appends to files. In a page, a worker does it. */
export interface Appender {
  append(request: AppendRequest): Promise<AppendResult>;
  /** Waits for the appends in progress. */
  close(): Promise<void>;
}

/** How long to wait, in ms, for a file that a page or worker holds open that is gone already. */
const WAITS_MS = [5, 10, 20, 50, 100, 200, 400, 800, 1600, 1800];

/** Appends to files with sync access handles, in the thread that calls. It must be that of a dedicated worker. */
export class SyncFiles implements Appender {
  #tail: Promise<unknown> = Promise.resolve();

  append(request: AppendRequest): Promise<AppendResult> {
    const work =
      request.lock === undefined ? appendNow(request) : withLock(request.lock, undefined, () => appendNow(request));
    this.#tail = Promise.allSettled([this.#tail, work]);
    return work;
  }

  async close(): Promise<void> {
    await this.#tail;
  }
}

async function appendNow({ path, bytes, at, lock }: AppendRequest): Promise<AppendResult> {
  const make = at === undefined || at === 0;
  let access: SyncAccessHandle;
  try {
    access = await open(await fileAt(path, make), lock === undefined ? [] : WAITS_MS);
  } catch (error) {
    if (!make && (error as Error).name === "NotFoundError") return { isDone: false, size: undefined };
    throw error;
  }
  try {
    const size = access.getSize();
    if (at !== undefined && size !== at) return { isDone: false, size };
    writeAll(access, bytes, size);
    return { isDone: true, size };
  } finally {
    access.close();
  }
}

/** Returns a file. Removed objects may have left an empty folder with its name, which goes away. */
async function fileAt(path: readonly string[], make: boolean): Promise<FileHandle> {
  const name = path.at(-1)!;
  return await inDirectory(path.slice(0, -1), make, async (directory) => {
    try {
      return await directory.getFileHandle(name, { create: make });
    } catch (error) {
      if ((error as Error).name !== "TypeMismatchError" || !(await removeEmptyFolder(directory, name))) throw error;
      return await directory.getFileHandle(name, { create: make });
    }
  });
}

/** Writes the bytes at the end of a file, or leaves it as it was. */
function writeAll(access: SyncAccessHandle, bytes: Uint8Array<ArrayBuffer>, size: number): void {
  try {
    for (let done = 0; done < bytes.length;) {
      const written = access.write(bytes.subarray(done), { at: size + done });
      if (written <= 0) throw new DOMException("the browser wrote no bytes", "QuotaExceededError");
      done += written;
    }
    access.flush();
  } catch (error) {
    try {
      access.truncate(size);
      access.flush();
    } catch {
      // The bytes that were written stay. Readers of journals know how to leave them out.
    }
    throw error;
  }
}

async function open(file: FileHandle, waits: readonly number[]): Promise<SyncAccessHandle> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await file.createSyncAccessHandle!();
    } catch (error) {
      const wait = waits[attempt];
      if (wait === undefined || (error as Error).name !== "NoModificationAllowedError") throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, wait);
      });
    }
  }
}
