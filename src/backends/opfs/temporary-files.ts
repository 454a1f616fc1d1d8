import { isHeld, newName } from "./liveness.ts";
import { type FileHandle, inDirectory } from "./file-system.ts";

/** The folder of files that are being written. No key begins with a dot. */
const FOLDER = ".tmp";

/** Names for files that are being written, and what dead writers left of such files. */
export class TemporaryFiles {
  readonly #folder: readonly string[];
  readonly #writerId: string;
  #swept: Promise<void> | undefined;

  /** `writerId` is that of this page or worker, which {@link isHeld} knows. */
  constructor(root: readonly string[], writerId: string) {
    this.#folder = [...root, FOLDER];
    this.#writerId = writerId;
  }

  /** Returns the path of a new file. The first call removes the files of writers that have ended. */
  async name(): Promise<readonly string[]> {
    this.#swept ??= this.#sweep().catch(() => {}); // The files only take space.
    await this.#swept;
    return [...this.#folder, newName(this.#writerId)];
  }

  async file(path: readonly string[]): Promise<FileHandle> {
    return await inDirectory(this.#folder, false, (folder) => folder.getFileHandle(path.at(-1)!));
  }

  /** Removes a file that did not become an object. Never rejects: another writer removes what stays. */
  async remove(path: readonly string[]): Promise<void> {
    try {
      await inDirectory(this.#folder, false, (folder) => folder.removeEntry(path.at(-1)!));
    } catch {
      // It was moved, or is still being written.
    }
  }

  async #sweep(): Promise<void> {
    await inDirectory(this.#folder, true, async (folder) => {
      for await (const name of folder.keys()) {
        const writer = /^[0-9a-f-]{36}(?=-\d+)/.exec(name)?.[0];
        if (writer !== undefined && writer !== this.#writerId && !(await isHeld(writer)))
          await folder.removeEntry(name).catch(() => {});
      }
    });
  }
}
