import type { Stats } from "node:fs";
import type { Pace } from "./pace.ts";
import type { Root } from "./paths.ts";
import type { SavableFile } from "./savable.ts";
import type { SaveTools } from "./save-tools.ts";
import type { SmallFileReader } from "./small-file-reader.ts";

const CHUNK_BYTES = 1024 * 1024;

/** Compares the files that a directory has with those that are to be there. It remembers which directories are missing. */
export class FoundFiles {
  readonly #tools: SaveTools;
  readonly #root: Root;
  readonly #pace: Pace;
  readonly #reader: SmallFileReader;
  /** Whether a directory is there, by its path. */
  readonly #there = new Map<string, Promise<boolean>>();

  constructor(tools: SaveTools, root: Root) {
    this.#tools = tools;
    this.#pace = new tools.Pace();
    this.#reader = new tools.SmallFileReader();
    this.#root = root;
  }

  /**
   * Returns whether the path of a file has nothing, the same bytes, or anything else but a directory. Rejects with
   * `CONFLICT` for a directory, and with `PERMISSION_DENIED` for a path that leads through a link.
   */
  async compare({ path, size, digest }: SavableFile, signal: AbortSignal): Promise<"missing" | "same" | "other"> {
    if (!(await this.#isThere(this.#tools.parentKey(path)))) return "missing";
    const absolute = this.#root.path(path);
    const found = await this.#look(absolute);
    if (found === undefined) return "missing";
    if (found.isDirectory()) throw this.#tools.failure("CONFLICT", "save", path, "there is a directory in its place");
    if (!found.isFile() || found.size !== size) return "other";
    const hash = this.#tools.crypto().createHash("sha256");
    const small = this.#reader.read(absolute, size);
    if (small !== undefined) hash.update(small);
    else if (!(await readInto(this.#tools, (chunk) => hash.update(chunk), absolute, size, signal))) return "other";
    return `sha256:${hash.digest("hex")}` === digest ? "same" : "other";
  }

  async #look(absolute: string): Promise<Stats | undefined> {
    try {
      return (
        this.#pace.atOnce(() => this.#tools.calls.lstatSync(absolute)) ?? (await this.#tools.calls.lstat(absolute))
      );
    } catch (error) {
      if (this.#tools.errno(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  #isThere(directory: string): Promise<boolean> {
    let there = this.#there.get(directory);
    if (there === undefined) {
      there = this.#find(directory);
      this.#there.set(directory, there);
    }
    return there;
  }

  async #find(directory: string): Promise<boolean> {
    try {
      await this.#root.assertNoLink(directory);
      return true;
    } catch (error) {
      if (this.#tools.errno(error) !== "ENOENT") throw error;
      // A link that leads nowhere.
      if ((await this.#look(this.#root.path(directory)))?.isSymbolicLink() === true)
        throw this.#tools.linkError(directory);
      if (directory !== "") await this.#isThere(this.#tools.parentKey(directory));
      return false;
    }
  }
}

/** Reads a file that has this size. Returns false if it has another one, or is no file any more. */
async function readInto(
  { openToRead, readFully }: SaveTools,
  take: (chunk: Uint8Array) => void,
  absolute: string,
  size: number,
  signal: AbortSignal,
): Promise<boolean> {
  const file = await openToRead(absolute);
  if (file === undefined) return false;
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size !== size) return false;
    const room = new Uint8Array(Math.min(CHUNK_BYTES, size));
    for (let at = 0; at < size; at += CHUNK_BYTES) {
      const wanted = room.subarray(0, Math.min(CHUNK_BYTES, size - at));
      if ((await readFully(file, wanted, at, signal)) < wanted.length) return false;
      take(wanted);
    }
    return true;
  } finally {
    await file.close();
  }
}
