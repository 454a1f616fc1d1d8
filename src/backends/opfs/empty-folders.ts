/**
 * Removes a folder in which there is no file, but maybe other such folders. Returns false and leaves the files alone if
 * there is one.
 */
export async function removeEmptyFolder(parent: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    const folder = await parent.getDirectoryHandle(name);
    for await (const [each, { kind }] of folder.entries())
      if (kind === "file" || !(await removeEmptyFolder(folder, each))) return false;
    // The browser refuses this if the folder is no longer empty.
    await parent.removeEntry(name);
    return true;
  } catch (error) {
    const { name: why } = error as Error;
    if (why === "NotFoundError") return true;
    if (why === "InvalidModificationError" || why === "TypeMismatchError") return false;
    throw error;
  }
}
