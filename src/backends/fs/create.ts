import { isBytes } from "../../platform/any-realm.ts";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Body } from "../../backend/backend.ts";
import { bodyChunks } from "../../backend/body.ts";
import { open, unlink } from "./file-calls.ts";
import { type Target, publish } from "./publish.ts";
import { temporaryName } from "./temporary.ts";
import { writeBytes, writeChunks } from "./write-behind.ts";

/** Objects up to this size are synced to disk even in `os` mode, because everything else depends on the small ones. */
const ALWAYS_SYNCED = 64 * 1024;

export interface NewObject extends Target {
  readonly body: Body;
  readonly signal: AbortSignal | undefined;
  /** Syncs the bytes to disk, however many they are. */
  readonly durable: boolean;
  /** Mode of the finished file. */
  readonly mode: number;
}

/** A failure of the caller's stream. The caller gets it unchanged, not as an error of the file system. */
export class BodyFailure {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** Creates an empty file with a temporary name. Nobody else can read it while it is written. */
export async function openTemporary(directory: string): Promise<Temporary> {
  const path = join(directory, temporaryName());
  return { path, file: await open(path, "wx", 0o600) };
}

export interface Temporary {
  readonly path: string;
  readonly file: FileHandle;
}

/**
 * Writes the object to a temporary file in its directory, and gives the file the object's name when it is complete.
 * Removes the temporary file if anything fails before. After a crash it remains, but no listing shows it.
 */
export async function createObject(temporary: Temporary, object: NewObject): Promise<void> {
  try {
    await fill(temporary.file, object);
    object.signal?.throwIfAborted();
    await publish(temporary.path, object);
  } finally {
    // After `publish` the object has a name of its own.
    await unlink(temporary.path).catch(() => {});
  }
}

async function fill(file: FileHandle, object: NewObject): Promise<void> {
  try {
    const { body, signal } = object;
    let size: number;
    if (isBytes(body)) {
      await writeBytes(file, body, signal);
      size = body.byteLength;
    } else size = await writeChunks(file, marked(bodyChunks(body, signal, object.key)));
    if (object.mode !== 0o600) await file.chmod(object.mode).catch(() => {}); // Some file systems have no modes.
    if (object.durable || size <= ALWAYS_SYNCED) await file.sync();
  } finally {
    await file.close(); // Network file systems may report a failed write only here.
  }
}

async function* marked(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw new BodyFailure(error);
  }
}
