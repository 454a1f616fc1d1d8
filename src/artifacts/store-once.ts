import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** How often a blob is stored again that another process created, and that is then not there. */
const MOST_ATTEMPTS = 5;

export interface NewBlob {
  readonly key: string;
  /** Bytes of the content. */
  readonly size: number;
  readonly newId: () => string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs `store`, which creates the blob, unless the blob is there. A blob of another size is replaced: a power cut left it short, or
 * something else wrote to it, and it is of no use to anybody. `CORRUPT` if it cannot be replaced. Any number of processes may do this
 * at once.
 */
export async function storeOnce<T>(backend: Backend, blob: NewBlob, store: () => Promise<T>): Promise<T | "there"> {
  for (let attempts = 1; ; attempts++) {
    if (await isThere(backend, blob)) return "there";
    try {
      return await store();
    } catch (error) {
      if (LedgerError.hasCode(error, "EXISTS")) {
        // Another process created the blob. If it replaced a broken one, a third may have taken that away again.
        if (attempts < MOST_ATTEMPTS) continue;
        throw (await sizeOf(backend, blob)) === undefined ? error : cannotReplace(blob, error);
      }
      // Blobs are created whole or not at all. Not after `IO`: the blob may be seen and yet not be durable.
      const perhaps = LedgerError.hasCode(error, "OUTCOME_UNKNOWN") || LedgerError.hasCode(error, "NOT_FOUND");
      if (perhaps && (await isThere(backend, blob))) return "there";
      throw error;
    }
  }
}

/** Whether the blob is there, judged by its size, which costs one request whatever the content. Takes away one of another size. */
async function isThere(backend: Backend, blob: NewBlob): Promise<boolean> {
  const size = await sizeOf(backend, blob);
  if (size === undefined || size === blob.size) return size !== undefined;
  return await takeAway(backend, blob);
}

async function sizeOf(backend: Backend, { key, signal }: NewBlob): Promise<number | undefined> {
  return (await backend.stat(key, callOptions(signal)))?.size;
}

/**
 * Removes a blob of another size. True if the blob is whole after all, because another process has just replaced it: where objects
 * can be moved, this looks at the blob once it is out of the way of others, and puts it back if it is whole.
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
    // Another process has taken it away.
    if (LedgerError.hasCode(error, "NOT_FOUND")) return false;
    throw error;
  }
  // From here on without the signal: a whole blob must get back to its place.
  const isWhole = (await backend.stat(aside))?.size === size;
  if (isWhole) {
    try {
      await backend.move(aside, key);
      return true;
    } catch (error) {
      // Another process has stored it meanwhile.
      if (!LedgerError.hasCode(error, "EXISTS")) throw error;
    }
  }
  // Best effort: what stays is found and collected later.
  await backend.remove(aside).catch(() => {});
  return isWhole;
}

function cannotReplace({ key, size }: NewBlob, cause: unknown): LedgerError {
  const message = `the blob ${key} has another size than the ${size} bytes of the content with this digest, and cannot be replaced`;
  return new LedgerError("CORRUPT", message, { key, cause });
}
