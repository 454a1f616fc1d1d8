import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** The most attempts to store a blob that another process creates and that is then gone. */
const MOST_ATTEMPTS = 5;

export interface NewBlob {
  readonly key: string;
  /** The number of bytes of the content. */
  readonly size: number;
  readonly newId: () => string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs `store`, which creates the blob, unless the blob exists. Replaces a blob of the wrong size: a power cut has
 * truncated it, or another program has written to it. Rejects with `CORRUPT` if it cannot be replaced. Any number of
 * processes may do this at once.
 */
export async function storeOnce<T>(backend: Backend, blob: NewBlob, store: () => Promise<T>): Promise<T | "there"> {
  for (let attempts = 1; ; attempts++) {
    if (await isThere(backend, blob)) return "there";
    try {
      return await store();
    } catch (error) {
      if (LedgerError.hasCode(error, "EXISTS")) {
        // Another process created the blob. If it replaced a broken one, a third process may have removed it again.
        if (attempts < MOST_ATTEMPTS) continue;
        throw (await sizeOf(backend, blob)) === undefined ? error : cannotReplace(blob, error);
      }
      // The blob may still exist, because blobs are created whole or not at all. After `IO` it may be visible, but not
      // durable.
      const perhaps = LedgerError.hasCode(error, "OUTCOME_UNKNOWN") || LedgerError.hasCode(error, "NOT_FOUND");
      if (perhaps && (await isThere(backend, blob))) return "there";
      throw error;
    }
  }
}

/** Returns whether the blob exists with the right size, which takes one request. Removes a blob of another size. */
async function isThere(backend: Backend, blob: NewBlob): Promise<boolean> {
  const size = await sizeOf(backend, blob);
  if (size === undefined || size === blob.size) return size !== undefined;
  return await takeAway(backend, blob);
}

async function sizeOf(backend: Backend, { key, signal }: NewBlob): Promise<number | undefined> {
  return (await backend.stat(key, callOptions(signal)))?.size;
}

/**
 * Removes a blob of another size. Returns true if the blob is whole after all, because another process has just
 * replaced it: if the store can move objects, this moves the blob away, checks its size again, and moves it back if it
 * is whole.
 */
async function takeAway(backend: Backend, { key, size, newId, signal }: NewBlob): Promise<boolean> {
  if (backend.capabilities.move !== true || backend.move === undefined) {
    await backend.remove(key, callOptions(signal));
    return false;
  }
  const aside = `blobs/incoming/${newId()}`;
  try {
    await backend.move(key, aside, callOptions(signal));
  } catch (error) {
    // Another process has removed it.
    if (LedgerError.hasCode(error, "NOT_FOUND")) return false;
    throw error;
  }
  // From here on without the signal, because a whole blob must be moved back.
  const isWhole = (await backend.stat(aside))?.size === size;
  if (isWhole) {
    try {
      await backend.move(aside, key);
      return true;
    } catch (error) {
      // Another process has stored it in the meantime.
      if (!LedgerError.hasCode(error, "EXISTS")) throw error;
    }
  }
  // If this fails, the object can be found in `blobs/incoming` and removed later.
  await backend.remove(aside).catch(() => {});
  return isWhole;
}

function cannotReplace({ key, size }: NewBlob, cause: unknown): LedgerError {
  const message = `the blob ${key} does not have the ${size} bytes of its content, and cannot be replaced`;
  return new LedgerError("CORRUPT", message, { key, cause });
}
