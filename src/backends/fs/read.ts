import { type FileHandle, constants, open } from "node:fs/promises";
import type { ByteRange } from "../../backend/backend.ts";
import { clampRange } from "../../backend/body.ts";
import { errno, failure } from "./errors.ts";
import type { OpenFile } from "./shared-files.ts";

/** Between reads of this size a signal is looked at. */
const SLICE_BYTES = 16 * 1024 * 1024;

/** Without waiting for the other end of a pipe. Windows has neither this flag nor the other one. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const NO_LINK = constants.O_NOFOLLOW ?? 0;

/**
 * An open file and its size, or `undefined` when what is there is no regular file: a directory, a pipe, or, unless `follow`,
 * a link.
 */
export async function openFile(path: string, follow = false): Promise<OpenFile | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, follow ? FLAGS : FLAGS | NO_LINK);
  } catch (error) {
    // A link, a directory (Windows), and a socket or a pipe without its other end.
    if (["ELOOP", "EMLINK", "EISDIR", "ENXIO"].includes(errno(error) ?? "")) return undefined;
    throw error;
  }
  try {
    const found = await file.stat();
    if (found.isFile()) return { file, size: found.size };
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}

/** The bytes of an object, in a buffer of their own. `opened`: its file, if it is one. */
export async function readObject(
  opened: OpenFile | undefined,
  key: string,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (opened === undefined) throw failure("NOT_FOUND", "read", key, "what is there is no regular file");
  const { start, end } = clampRange(range, opened.size);
  const bytes = new Uint8Array(end - start);
  const done = await readFully(opened.file, bytes, start, signal);
  if (done < bytes.byteLength) throw failure("IO", "read", key, "the file became shorter while it was read");
  return bytes;
}

/** Fills `bytes` from `position` on; returns how many there were. */
export async function readFully(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let done = 0;
  while (done < bytes.byteLength) {
    signal?.throwIfAborted();
    const length = Math.min(SLICE_BYTES, bytes.byteLength - done);
    const { bytesRead } = await file.read(bytes, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
