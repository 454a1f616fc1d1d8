import type {
  AppendOptions,
  CallOptions,
  CreateOptions,
  Entry,
  ListOptions,
  ReadOptions,
} from "../../backend/backend.ts";
import { clampRange } from "../../backend/body.ts";
import { failure, isAbsent, isNamed, vanished, wrongSize } from "./errors.ts";
import { type FileHandle, inDirectory } from "./file-system.ts";
import { removeEmptyFolder } from "./empty-folders.ts";
import { listFiles } from "./list-files.ts";
import { withLock, withLocks } from "./locks.ts";
import type { Place } from "./place.ts";
import { TemporaryFiles } from "./temporary-files.ts";
import type { FileWriter } from "./file-writer.ts";

/** How often a read that meets an append begins again before it waits for the append. */
const MOST_READS = 4;

/** The objects of a ledger as files in the site's own file system: one file for each, and the path is the key. */
export class OpfsPlace implements Place {
  readonly append: Place["append"];
  readonly #root: readonly string[];
  readonly #locks: string;
  readonly #writer: FileWriter;
  readonly #temporary: TemporaryFiles;

  constructor(directory: string, writer: FileWriter, writerId: string) {
    this.#root = directory.split("/");
    this.#locks = `runledger:${directory}:`;
    this.#writer = writer;
    this.#temporary = new TemporaryFiles(this.#root, writerId);
    this.append = writer.append && ((key, bytes, options) => this.#append(key, bytes, options));
  }

  async create(key: string, chunks: AsyncIterable<Uint8Array>, { signal }: CreateOptions): Promise<void> {
    const temporary = await this.#temporary.name();
    try {
      const size = await this.#writer.fill(temporary, chunks);
      await withLock(this.#locks + key, signal, async () => {
        signal?.throwIfAborted();
        const file = await this.#temporary.file(temporary);
        if ((await file.getFile()).size !== size) throw vanished("create", key);
        await this.#publish(file, "create", key);
      });
    } catch (error) {
      await this.#temporary.remove(temporary);
      throw error;
    }
  }

  async read(key: string, { range, signal }: ReadOptions): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt++) {
      try {
        return attempt <= MOST_READS
          ? await this.#read(key, range)
          : await withLock(this.#locks + key, signal, () => this.#read(key, range));
      } catch (error) {
        if (isAbsent(error)) throw failure("NOT_FOUND", "read", key, "it does not exist", error);
        // The file has changed since `getFile`: somebody appended to it.
        if (!isNamed(error, "NotReadableError") || attempt > MOST_READS) throw error;
      }
    }
  }

  async stat(key: string): Promise<{ size: number } | undefined> {
    try {
      return { size: (await (await this.#file(key)).getFile()).size };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  list(prefix: string, options: ListOptions): AsyncIterable<Entry> {
    return listFiles(this.#root, prefix, options);
  }

  async remove(key: string, { signal }: CallOptions): Promise<void> {
    await withLock(this.#locks + key, signal, async () => {
      signal?.throwIfAborted();
      try {
        await this.#inFolder(key, false, async (folder, name) => {
          await folder.getFileHandle(name); // Not a folder.
          await folder.removeEntry(name);
        });
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    });
  }

  async move(from: string, to: string, { signal }: CallOptions): Promise<void> {
    await withLocks([this.#locks + from, this.#locks + to], signal, async () => {
      signal?.throwIfAborted();
      let file: FileHandle;
      try {
        file = await this.#file(from);
      } catch (error) {
        if (isAbsent(error)) throw failure("NOT_FOUND", "move", from, "it does not exist", error);
        throw error;
      }
      await this.#publish(file, "move", to);
    });
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  async #append(key: string, bytes: Uint8Array<ArrayBuffer>, { at }: AppendOptions): Promise<void> {
    const request = { path: [...this.#root, ...key.split("/")], bytes, at, lock: this.#locks + key };
    const { isDone, size } = await this.#writer.append!(request);
    if (!isDone) throw wrongSize(key, size, at!);
  }

  async #read(key: string, range: ReadOptions["range"]): Promise<Uint8Array> {
    const file = await (await this.#file(key)).getFile();
    const { start, end } = clampRange(range, file.size);
    return new Uint8Array(await (start === 0 && end === file.size ? file : file.slice(start, end)).arrayBuffer());
  }

  /** Gives a file the name of the key, unless something has it. The caller holds the lock of the key. */
  async #publish(file: FileHandle, operation: "create" | "move", key: string): Promise<void> {
    await this.#inFolder(key, true, async (folder, name) => {
      try {
        await folder.getFileHandle(name);
      } catch (error) {
        if (isNamed(error, "TypeMismatchError") && !(await this.#removeEmptyFolder(key))) throw error;
        if (!isAbsent(error)) throw error;
        return await file.move!(folder, name);
      }
      throw failure("EXISTS", operation, key, "it exists already");
    });
  }

  #removeEmptyFolder(key: string): Promise<boolean> {
    return this.#inFolder(key, false, removeEmptyFolder);
  }

  #file(key: string): Promise<FileHandle> {
    return this.#inFolder(key, false, (folder, name) => folder.getFileHandle(name));
  }

  /** Calls `work` with the folder and the name of an object. */
  #inFolder<T>(
    key: string,
    make: boolean,
    work: (folder: FileSystemDirectoryHandle, name: string) => Promise<T>,
  ): Promise<T> {
    const path = [...this.#root, ...key.split("/")];
    const name = path.pop()!;
    return inDirectory(path, make, (folder) => work(folder, name));
  }
}
