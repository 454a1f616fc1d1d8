import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import type { ByteRange } from "../../backend/backend.ts";
import { clampRange } from "../../backend/body.ts";
import { errno, failure } from "./errors.ts";
import { constants, open } from "./file-calls.ts";
import type { FoundFile } from "./shared-files.ts";

/** The most bytes of one read. The signal is checked between reads. */
const SLICE_BYTES = 16 * 1024 * 1024;
/** A range of at most this many bytes is read while the file's size is queried. */
const AHEAD_BYTES = 1024 * 1024;

/** Does not wait for the other end of a pipe. Windows has neither flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const NO_LINK = constants.O_NOFOLLOW ?? 0;

/**
 * Opens what may be a regular file. Returns `undefined` if it is known to be a directory, a socket, or, unless
 * `follow`, a link.
 */
export async function openToRead(path: string, follow = false): Promise<FileHandle | undefined> {
  try {
    return await open(path, follow ? FLAGS : FLAGS | NO_LINK);
  } catch (error) {
    // It is a link, a directory (on Windows), or a socket or a pipe without its other end.
    if (["ELOOP", "EMLINK", "EISDIR", "ENXIO"].includes(errno(error) ?? "")) return undefined;
    throw error;
  }
}

/** Returns the bytes of an object in a buffer of their own. `found` is its file, if it is a regular one. */
export async function readObject(
  found: FoundFile | undefined,
  key: string,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const ahead = found && range && readAhead(found.file, range, signal);
  const size = await found?.size.catch(async (error: unknown) => {
    await ahead; // The file must not be closed while it is read.
    throw error;
  });
  const before = await ahead;
  if (found === undefined || size === undefined) throw failure("NOT_FOUND", "read", key, "it is not a regular file");
  const { start, end } = clampRange(range, size);
  const length = end - start;
  if (before?.length === length) return before;
  if (before && before.length > length) return before.slice(0, length);
  const bytes = uninitialised(length);
  if (before) bytes.set(before);
  const done = before?.length ?? 0;
  if (done + (await readFully(found.file, bytes.subarray(done), start + done, signal)) < length)
    throw failure("IO", "read", key, "the file became shorter while it was read");
  return bytes;
}

/**
 * Returns the bytes of a short range, or `undefined` for a longer one. Ignores errors, because the caller finds them,
 * too.
 */
async function readAhead(
  file: FileHandle,
  { offset, length }: ByteRange,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  if (length === undefined || !(length <= AHEAD_BYTES)) return undefined;
  try {
    const { start, end } = clampRange({ offset, length }, Number.MAX_SAFE_INTEGER);
    const bytes = new Uint8Array(end - start);
    const done = await readFully(file, bytes, start, signal);
    return done === bytes.length ? bytes : bytes.slice(0, done);
  } catch {
    return undefined;
  }
}

/** Returns memory that is not zeroed: zeroing takes a tenth of the time of reading and hashing it. It has a buffer of its own. */
function uninitialised(length: number): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer, byteOffset, length);
}

/** Fills `bytes` with the file's bytes from `position` on. Returns how many there were. */
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
