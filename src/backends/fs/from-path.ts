import { checkChoice } from "../../backend/choice.ts";
import { readOptions } from "../../backend/options.ts";
import type { Stats } from "node:fs";
import { basename, resolve } from "node:path";
import { abortable } from "../../backend/abort.ts";
import { LedgerError, invalidArgument } from "../../backend/error.ts";
import type { FileTree, SourceFile } from "../../backend/files.ts";
import { isAbsent, toLedgerError } from "./errors.ts";
import { statSync } from "./file-calls.ts";
import { openToRead, readFully } from "./read.ts";
import { walk } from "./walk.ts";

const CHUNK_BYTES = 1024 * 1024;

export interface FromPathOptions {
  /**
   * What to do with a symbolic link inside the directory. Links are never followed: `"error"`, the default, refuses the
   * directory, so that nothing is missing unnoticed; `"skip"` leaves it out, as it does with pipes, sockets and devices.
   */
  readonly links?: "error" | "skip" | undefined;
}

/**
 * A file, or a whole directory with all that lies under it, as a source for an artifact. Throws `NOT_FOUND` when there is
 * nothing at the path and `INVALID_ARGUMENT` when it is neither; `path` itself may be a link to either. The contents are read
 * when they are asked for: a file whose size is another by then is a `CONFLICT`.
 */
export function fromPath(path: string, options: FromPathOptions = {}): FileTree {
  if (typeof path !== "string" || path === "") throw invalidArgument("path", "a path that is not empty", path);
  const { links = "error" } = readOptions("fromPath", options, { links: true });
  checkChoice("links", links, ["error", "skip"]);
  const absolute = resolve(path);
  let found: Stats;
  try {
    found = statSync(absolute);
  } catch (error) {
    if (isAbsent(error))
      throw new LedgerError("NOT_FOUND", `there is nothing at ${absolute}`, { field: "path", cause: error });
    throw toLedgerError(error, "read", path);
  }
  if (!found.isFile() && !found.isDirectory()) {
    throw new LedgerError("INVALID_ARGUMENT", `${absolute} is neither a file nor a directory`, { field: "path" });
  }
  const single = found.isFile();
  return {
    kind: "runledger.files",
    single,
    files: single ? () => oneFile(absolute, found.size) : (call) => filesUnder(absolute, links, call?.signal),
  };
}

async function* oneFile(absolute: string, size: number): AsyncGenerator<SourceFile> {
  yield sourceFile(basename(absolute), absolute, size, true);
}

async function* filesUnder(
  directory: string,
  links: "error" | "skip",
  signal: AbortSignal | undefined,
): AsyncGenerator<SourceFile> {
  const all = (): boolean => true;
  const other = (path: string): void => {
    if (links === "skip") return;
    const message = `${path} in ${directory} is a link, or no regular file: those are not followed (links: "skip" leaves them out)`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "path" });
  };
  try {
    for await (const file of walk(directory, { prefix: "", enters: all, gives: all, other, strict: true, signal })) {
      yield sourceFile(file.path, file.absolute, file.size, false);
    }
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error;
    throw toLedgerError(error, "read", directory);
  }
}

function sourceFile(path: string, absolute: string, size: number, follow: boolean): SourceFile {
  return { path, size, open: (call) => chunks(path, absolute, size, follow, call?.signal) };
}

/** One chunk is read while the one before is in use. */
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
      if (found.size !== size) throw changed(path, `has ${found.size} bytes and no longer ${size}`);
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
        ahead?.catch(() => {}); // Seen when its turn comes.
        yield current;
      }
      const now = (await file.stat()).size;
      if (now !== size) throw changed(path, `has ${now} bytes and no longer ${size}`);
    } finally {
      await ahead?.catch(() => {});
      await file.close();
    }
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error;
    throw toLedgerError(error, "read", path);
  }
}

const NO_FILE = "is no regular file any more";

function changed(path: string, how: string): LedgerError {
  return new LedgerError("CONFLICT", `${path} was changed while it was read: it ${how}`, {
    key: path,
    operation: "read",
  });
}
