import { checkChoice } from "../../arguments/choice.ts";
import { type OptionNames, readOptions } from "../../arguments/options.ts";
import type { Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isError } from "../../platform/any-realm.ts";
import { abortable } from "../../platform/abort.ts";
import { LedgerError, invalidArgument, reading } from "../../errors/ledger-error.ts";
import type { FileTree, SourceFile } from "../../backend/file-tree.ts";
import { isAbsent, toLedgerError } from "./errors.ts";
import { statSync } from "./file-calls.ts";
import { excluder } from "./exclude.ts";
import { ownClockDevice } from "./file-state.ts";
import { examined, type FileFound, SmallFileReader } from "./small-file-reader.ts";
import { openToRead, readFully } from "./read.ts";
import { walk } from "./walk.ts";

const CHUNK_BYTES = 1024 * 1024;

/** Options of `fromPath`. */
export interface FromPathOptions {
  /**
   * What to do with a symbolic link inside the directory.
   * - `"error"` (default) refuses the directory, so that nothing is missing unnoticed.
   * - `"follow"` takes the file or directory that the link leads to, wherever that is. A link into a directory above it
   *   is refused.
   * - `"skip"` leaves links out, and also pipes, sockets and devices.
   */
  readonly links?: "error" | "follow" | "skip" | undefined;
  /**
   * Globs of paths to leave out: `*` and `?` stand for characters within a name, `**` for any directories. A glob
   * without `/` fits names at any depth.
   */
  readonly exclude?: readonly string[] | undefined;
  /**
   * Called with the path of each link or special file that `"skip"` leaves out. Default: `logArtifact` reports them to
   * `onError`, or warns.
   */
  readonly onSkip?: ((path: string) => void) | undefined;
}

/**
 * Returns a file, or a directory with everything under it, as a source for an artifact. `path` is a path or a `file:`
 * URL, and may be a link to either. Throws `NOT_FOUND` if there is nothing at the path, and `INVALID_ARGUMENT` if it is
 * neither. The files are read later: reading rejects with `CONFLICT` if the size of a file has changed by then. Names
 * that some systems cannot hold (`aux.py`, `a:b.json`, `A.txt` beside `a.txt`) are kept and marked `portable: false`.
 * `logArtifact` refuses names with a backslash or a control character.
 */
export function fromPath(path: string | URL, options: FromPathOptions = {}): FileTree {
  const given = reading("path", () => (path instanceof URL ? fileURLToPath(path) : path));
  if (typeof given !== "string" || given === "") throw invalidArgument("path", "a path that is not empty", given);
  const { links = "error", exclude = [], onSkip } = readOptions("fromPath", options, OPTIONS);
  checkChoice("links", links, ["error", "follow", "skip"]);
  if (onSkip !== undefined && typeof onSkip !== "function") throw invalidArgument("onSkip", "a function", onSkip);
  const rules: Rules = { links, onSkip, isExcluded: excluder(exclude) };
  const absolute = resolve(given);
  let found: Stats;
  try {
    found = statSync(absolute);
  } catch (error) {
    if (isAbsent(error))
      throw new LedgerError("NOT_FOUND", `there is nothing at ${absolute}`, { field: "path", cause: error });
    throw toLedgerError(error, "read", given);
  }
  if (!found.isFile() && !found.isDirectory()) {
    throw new LedgerError("INVALID_ARGUMENT", `${absolute} is neither a file nor a directory`, { field: "path" });
  }
  const single = found.isFile();
  return {
    kind: "runledger.files",
    single,
    path: path instanceof URL ? path.href : given,
    files: single
      ? () => oneFile(absolute, found.size)
      : (call) => filesUnder(absolute, { ...rules, onSkip: onSkip ?? call?.onSkip }, call?.signal),
  };
}

async function* oneFile(absolute: string, size: number): AsyncGenerator<SourceFile> {
  // If the file is gone, reading it says so.
  const stats = await stat(absolute, { bigint: true }).catch(() => undefined);
  const state = stats && examined(stats, ownClockDevice(absolute)).state;
  yield linkedFile(basename(absolute), absolute, { size, state });
}

interface Rules {
  readonly links: "error" | "follow" | "skip";
  readonly onSkip: ((path: string) => void) | undefined;
  readonly isExcluded: (path: string) => boolean;
}

const OPTIONS: OptionNames<FromPathOptions> = { links: true, exclude: true, onSkip: true };

async function* filesUnder(
  directory: string,
  { links, onSkip, isExcluded }: Rules,
  signal: AbortSignal | undefined,
): AsyncGenerator<SourceFile> {
  if (links === "follow") {
    yield* await followedFiles({ directory, isExcluded, signal });
    return;
  }
  const all = (path: string): boolean => !isExcluded(path);
  const other = (path: string): void => {
    if (isExcluded(path)) return;
    if (links === "skip") return onSkip?.(path);
    const message =
      `${path} in ${directory} is a link, or not a regular file: ` +
      'set links to "follow" to take what links lead to, or to "skip" to leave them out';
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "path" });
  };
  try {
    const reader = new SmallFileReader();
    const ownClock = ownClockDevice(directory);
    const options = { prefix: "", enters: all, gives: all, other, strict: true, signal };
    const examine = (path: string): FileFound | Promise<FileFound> => reader.examine(path, ownClock);
    for await (const { path, absolute, found } of walk(directory, { ...options, examine })) {
      yield sourceFile(path, absolute, found, reader);
    }
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error;
    throw unreadable(error, directory);
  }
}

/** Returns all files in order, also those that links lead to. */
async function followedFiles({
  directory,
  isExcluded,
  signal,
}: {
  readonly directory: string;
  readonly isExcluded: (path: string) => boolean;
  readonly signal: AbortSignal | undefined;
}): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  const ownClock = ownClockDevice(directory);
  const visit = async (at: string, prefix: string, above: readonly string[]): Promise<void> => {
    signal?.throwIfAborted();
    const real = await realpath(at);
    if (above.includes(real))
      throw new LedgerError("INVALID_ARGUMENT", `${prefix || at} leads back into a directory above it`, {
        field: "path",
      });
    const entries = await readdir(at, { withFileTypes: true });
    for (const { name } of entries) {
      const path = prefix + name;
      if (isExcluded(path)) continue;
      const absolute = join(at, name);
      const stats = await stat(absolute, { bigint: true });
      if (stats.isDirectory()) await visit(absolute, `${path}/`, [...above, real]);
      else if (stats.isFile()) found.push(linkedFile(path, absolute, examined(stats, ownClock)));
      else throw new LedgerError("INVALID_ARGUMENT", `${absolute} is not a regular file`, { field: "path" });
      if (found.length > MAX_FOLLOWED)
        throw new LedgerError("TOO_LARGE", `${directory} has more than ${MAX_FOLLOWED} files`, { field: "path" });
    }
  };
  try {
    await visit(directory, "", []);
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error;
    throw unreadable(error, directory);
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Returns an error that names what cannot be read: a file below the directory, if the system tells which. */
function unreadable(error: unknown, directory: string): LedgerError {
  const at = isError(error) ? (error as { path?: unknown }).path : undefined;
  if (LedgerError.is(error) || typeof at !== "string" || at === directory)
    return toLedgerError(error, "read", directory);
  if (!isAbsent(error)) return toLedgerError(error, "read", at);
  const why = at.includes("\uFFFD") ? "its name is not UTF-8" : "it is a dangling link, or was removed";
  return new LedgerError("INVALID_ARGUMENT", `cannot read ${at}: ${why}`, { field: "path", cause: error });
}

/**
 * The most files in a directory whose links are followed, because links may lead anywhere. An artifact has the same
 * limit.
 */
const MAX_FOLLOWED = 1_000_000;

function linkedFile(path: string, absolute: string, { size, state }: Pick<FileFound, "size" | "state">): SourceFile {
  return { path, size, state, open: (call) => chunks(path, absolute, size, true, call?.signal) };
}

function sourceFile(path: string, absolute: string, { size, state }: FileFound, reader: SmallFileReader): SourceFile {
  return {
    path,
    size,
    state,
    open: (call) => chunks(path, absolute, size, false, call?.signal),
    readNow: () => reader.read(absolute, size),
  };
}

/** Yields the chunks of a file. Reads one while the caller uses the one before. */
async function* chunks(
  path: string,
  absolute: string,
  size: number,
  follow: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    signal?.throwIfAborted();
    const file = await openToRead(absolute, follow);
    if (file === undefined) throw changed(path, NO_FILE);
    let ahead: Promise<Uint8Array> | undefined;
    try {
      const found = await file.stat();
      if (!found.isFile()) throw changed(path, NO_FILE);
      if (found.size !== size) throw changed(path, `has ${found.size} bytes, not ${size} any more`);
      const readAt = async (position: number): Promise<Uint8Array> => {
        const bytes = new Uint8Array(Math.min(CHUNK_BYTES, size - position));
        const done = await readFully(file, bytes, position, signal);
        if (done < bytes.byteLength) throw changed(path, `ended after ${position + done} of its ${size} bytes`);
        return bytes;
      };
      for (let position = 0; position < size; position += CHUNK_BYTES) {
        ahead ??= readAt(position);
        const current = await abortable(ahead, signal);
        ahead = position + CHUNK_BYTES < size ? readAt(position + CHUNK_BYTES) : undefined;
        ahead?.catch(() => {}); // The error is thrown when the chunk is needed.
        yield current;
      }
      // A file of /proc, and of some file systems in user space, has bytes beyond the size that the system states.
      if ((await readFully(file, new Uint8Array(1), size, signal)) > 0)
        throw changed(path, `goes on after its ${size} bytes`);
      const now = (await file.stat()).size;
      if (now !== size) throw changed(path, `has ${now} bytes, not ${size} any more`);
    } finally {
      await ahead?.catch(() => {});
      await file.close();
    }
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error;
    throw toLedgerError(error, "read", path);
  }
}

const NO_FILE = "is not a regular file any more";

function changed(path: string, how: string): LedgerError {
  return new LedgerError("CONFLICT", `${path} was changed while it was read: it ${how}`, {
    key: path,
    operation: "read",
  });
}
