import { join } from "node:path";
import { compareUtf8 } from "../../bytes/utf8-order.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { mapBounded } from "../../platform/bounded.ts";
import { breakIfDue } from "../../platform/event-loop.ts";
import type { Directories } from "./directories.ts";
import { FoundFiles } from "./found-files.ts";
import { type Links, NewFiles } from "./new-files.ts";
import { assertNames } from "./save-names.ts";
import type { SaveTools } from "./save-tools.ts";
import type { SavableArtifact, SavableFile, SaveProgress, SaveToOptions } from "./savable.ts";

/** The number of files that are compared, or saved, at a time. */
const PARALLEL = 4;
const SHOWN = 5;

export interface SaveFilesCall extends Omit<SaveToOptions, "overwrite"> {
  readonly overwrite: boolean;
  /** How files get their names. */
  readonly links?: Links;
}

/** Does what `saveTo` promises. `directory` is absolute. */
export async function saveFiles(
  tools: SaveTools,
  opened: SavableArtifact,
  directory: string,
  { overwrite, onProgress, signal, links }: SaveFilesCall,
): Promise<string[]> {
  const files: SavableFile[] = [];
  for await (const file of opened.files({ order: "stored" })) files.push(file);
  const root = new tools.Root(directory);
  const directories = new tools.Directories(root);
  /** Runs a part of the call. Turns what the file system throws into an error that names the file. */
  const naming = async <T>(path: string, stop: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (stop?.aborted === true && error === stop.reason) throw error;
      throw tools.toLedgerError(error, "save", path);
    }
  };
  await naming(directory, signal, async () => {
    const foldsCase = (): Promise<boolean> => foldsCaseIn(tools, directories);
    await assertNames(files, { reserved: process.platform === "win32", foldsCase });
    await directories.within("", { durable: false }, async () => {});
  });
  const tell = teller(files, onProgress);
  const found = new FoundFiles(tools, root);
  const missing: SavableFile[] = [];
  const other: string[] = [];
  await mapBounded(files, PARALLEL, signal, async (file, stop) => {
    const state = await naming(file.path, stop, () => found.compare(file, stop));
    if (state === "other") other.push(file.path);
    if (state === "same") tell(file.size);
    else missing.push(file);
  });
  if (other.length > 0 && !overwrite) throw differ(other, directory);
  const created = new NewFiles(tools, root, directories, overwrite, links);
  await mapBounded(missing, PARALLEL, signal, async (file, stop) => {
    await breakIfDue();
    stop.throwIfAborted();
    const isNew = await naming(file.path, stop, () => created.save(file, opened, tell, stop));
    // Another process saves to this directory, too.
    if (!isNew && (await naming(file.path, stop, () => new FoundFiles(tools, root).compare(file, stop))) !== "same")
      throw differ([file.path], directory);
  });
  return files
    .map(({ path }) => path)
    .sort(compareUtf8)
    .map((path) => root.path(path));
}

/** Returns a function that adds bytes and reports the sum. It throws `INVALID_ARGUMENT` if the listener throws. */
function teller(
  files: readonly SavableFile[],
  onProgress: ((progress: SaveProgress) => void) | undefined,
): (bytes: number) => void {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let bytes = 0;
  return (more) => {
    bytes += more;
    try {
      onProgress?.({ bytes, total });
    } catch (cause) {
      throw new LedgerError("INVALID_ARGUMENT", "onProgress threw an error", { field: "onProgress", cause });
    }
  };
}

function differ(paths: readonly string[], directory: string): LedgerError {
  const shown = paths.slice(0, SHOWN).map((path) => JSON.stringify(path.slice(0, 100)));
  const more = paths.length > SHOWN ? ` and ${paths.length - SHOWN} more` : "";
  const message = `${directory} has files with other contents: ${shown.join(", ")}${more}. Set overwrite to replace them`;
  return new LedgerError("EXISTS", message, { field: "directory", operation: "save" });
}

/** Returns whether names of a directory that differ only in case are one. */
async function foldsCaseIn(tools: SaveTools, directories: Directories): Promise<boolean> {
  return await directories.within("", { durable: false }, async (directory) => {
    const { path, file } = await tools.openTemporary(directory);
    try {
      await file.close();
      await tools.calls.lstat(join(directory, path.slice(directory.length + 1).toUpperCase()));
      return true;
    } catch (error) {
      if (tools.isAbsent(error)) return false;
      throw error;
    } finally {
      await tools.calls.unlink(path);
    }
  });
}
