import { type FileHandle, inDirectory } from "./file-system.ts";

/** Rejects unless this thread can write to a file with a sync access handle. Leaves no file behind. */
export async function probeSyncHandles(path: readonly string[]): Promise<void> {
  const folder = path.slice(0, -1);
  const name = path.at(-1)!;
  const file: FileHandle = await inDirectory(folder, true, (directory) =>
    directory.getFileHandle(name, { create: true }),
  );
  try {
    if (typeof file.createSyncAccessHandle !== "function")
      throw new DOMException("this thread has no sync access handles", "NotSupportedError");
    const access = await file.createSyncAccessHandle();
    access.close();
  } finally {
    await inDirectory(folder, false, (directory) => directory.removeEntry(name)).catch(() => {});
  }
}
