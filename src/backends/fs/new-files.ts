import { join } from "node:path";
import { LedgerError } from "../../errors/ledger-error.ts";
import type { Temporary } from "./create.ts";
import type { Directories } from "./directories.ts";
import type { Pace } from "./pace.ts";
import type { Root } from "./paths.ts";
import type { Link } from "./publish.ts";
import type { SavableArtifact, SavableFile } from "./savable.ts";
import type { SaveTools } from "./save-tools.ts";

/** Files up to this size are read as a whole, and written at once as long as the file system answers fast. */
const SMALL_BYTES = 64 * 1024;

/** How a file gets a second name. */
export interface Links {
  readonly link: Link;
  readonly linkSync: (existing: string, added: string) => void;
}

/** Saves files so that each appears under its name when it is complete. */
export class NewFiles {
  readonly #tools: SaveTools;
  readonly #root: Root;
  readonly #directories: Directories;
  readonly #overwrite: boolean;
  readonly #links: Links;
  readonly #mode: number;
  readonly #pace: Pace;

  constructor(tools: SaveTools, root: Root, directories: Directories, overwrite: boolean, links: Links = tools.calls) {
    this.#tools = tools;
    this.#mode = tools.finalMode();
    this.#pace = new tools.Pace();
    this.#root = root;
    this.#directories = directories;
    this.#overwrite = overwrite;
    this.#links = links;
  }

  /** Saves a file. Returns false if there is one now that must not be replaced. */
  async save(
    file: SavableFile,
    from: Pick<SavableArtifact, "read" | "stream">,
    tell: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { path, size } = file;
    if (size > SMALL_BYTES) return await this.#saveLarge(file, from.stream(path, { signal }), tell, signal);
    const bytes = await from.read(path, { signal });
    if (bytes.byteLength !== size) throw wrongSize(file);
    const directoryKey = this.#tools.parentKey(path);
    const isNew = await this.#directories.within(directoryKey, { durable: false }, async (directory) => {
      signal.throwIfAborted();
      const done = this.#pace.atOnce(() => this.#saveNow(directory, path.slice(path.lastIndexOf("/") + 1), bytes));
      if (done !== undefined && done !== "refused") return done === "new";
      const temporary = await this.#tools.openTemporary(directory);
      return await this.#finish(file, temporary, () => this.#tools.writeBytes(temporary.file, bytes, signal), signal);
    });
    tell(size);
    return isNew;
  }

  async #saveLarge(
    file: SavableFile,
    stream: ReadableStream<Uint8Array>,
    tell: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { path, size } = file;
    // Only this step is repeated if the directory is missing, because the stream can be read only once.
    const temporary = await this.#directories.within(
      this.#tools.parentKey(path),
      { durable: false },
      this.#tools.openTemporary,
    );
    const write = async (): Promise<void> => {
      const written = await this.#tools.writeChunks(temporary.file, counted(stream, file, tell));
      if (written !== size) throw wrongSize(file);
    };
    return await this.#finish(file, temporary, write, signal);
  }

  /** Writes a temporary file and gives it its name. Returns as {@link save}. */
  async #finish(
    { path }: SavableFile,
    { path: temporary, file }: Temporary,
    write: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      try {
        await write();
        await file.chmod(this.#mode).catch(() => {}); // Some file systems have no modes.
      } finally {
        await file.close(); // Network file systems may report a failed write only here.
      }
      signal.throwIfAborted();
      // Somebody may have made a link of the directory in the meantime.
      await this.#root.assertNoLink(this.#tools.parentKey(path));
      const final = this.#root.path(path);
      if (this.#overwrite) await this.#tools.calls.rename(temporary, final);
      else {
        const directory = this.#root.path(this.#tools.parentKey(path));
        const name = path.slice(path.lastIndexOf("/") + 1);
        await this.#tools.publish(temporary, { operation: "save", key: path, directory, name, link: this.#links.link });
      }
      return true;
    } catch (error) {
      if (LedgerError.hasCode(error, "EXISTS")) return false;
      throw error;
    } finally {
      await this.#tools.calls.unlink(temporary).catch(() => {});
    }
  }

  /** Saves a small file with synchronous calls. Returns `refused` if the file system takes no links. */
  #saveNow(directory: string, name: string, bytes: Uint8Array): "new" | "exists" | "refused" {
    const { closeSync, fchmodSync, openSync, renameSync, unlinkSync, writeSync } = this.#tools.calls;
    const temporary = join(directory, this.#tools.temporaryName());
    const final = join(directory, name);
    const file = openSync(temporary, "wx", 0o600);
    try {
      try {
        for (let done = 0; done < bytes.byteLength;) done += writeSync(file, bytes, done);
        try {
          fchmodSync(file, this.#mode);
        } catch {
          // Some file systems have no modes.
        }
      } finally {
        closeSync(file);
      }
      if (this.#overwrite) renameSync(temporary, final);
      else this.#links.linkSync(temporary, final);
      return "new";
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === "EEXIST" && !this.#overwrite) return "exists";
      // Any other error is found again, and described, by the calls that are not synchronous.
      return "refused";
    } finally {
      try {
        unlinkSync(temporary);
      } catch {
        // It was renamed.
      }
    }
  }
}

/** Yields the chunks of a file. Throws as soon as there are too many. */
async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  file: SavableFile,
  tell: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > file.size) throw wrongSize(file);
    yield chunk;
    tell(chunk.byteLength);
  }
}

function wrongSize({ path, size }: SavableFile): LedgerError {
  const message = `cannot save ${JSON.stringify(path)}: it does not have its ${size} bytes`;
  return new LedgerError("CORRUPT", message, { key: path, operation: "save" });
}
