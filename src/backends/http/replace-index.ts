import type { Backend, CallOptions } from "../../backend/backend.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import {
  decodeIndex,
  encodeIndex,
  INDEX_KEY,
  MAX_INDEX_BYTES,
  NEXT_INDEX_KEY,
  type PublishedIndex,
} from "./published-index.ts";

/** Returns the index of a place, or `undefined` if it has none that can be read. Rejects with `FORMAT_TOO_NEW`. */
export async function readIndex(backend: Backend, options: CallOptions): Promise<PublishedIndex | undefined> {
  for (const key of [INDEX_KEY, NEXT_INDEX_KEY]) {
    try {
      return decodeIndex(await backend.read(key, { ...options, range: { offset: 0, length: MAX_INDEX_BYTES } }));
    } catch (error) {
      if (LedgerError.hasCode(error, "NOT_FOUND") || !LedgerError.is(error) || error.code === "CORRUPT") continue;
      throw error;
    }
  }
  return undefined;
}

/**
 * Replaces the index of a place. Objects are never replaced in one step. So the new index is first stored under another
 * name, where readers look while the old one is gone.
 */
export async function replaceIndex(backend: Backend, index: PublishedIndex, options: CallOptions): Promise<void> {
  const bytes = encodeIndex(index);
  // What a publish that did not end has left. If only that is there, it stays until the new index is there.
  const isThere = (await backend.stat(INDEX_KEY, options)) !== undefined;
  if (isThere) {
    await backend.remove(NEXT_INDEX_KEY, options);
    await create(backend, NEXT_INDEX_KEY, bytes, options);
    await backend.remove(INDEX_KEY, options);
  }
  await create(backend, INDEX_KEY, bytes, options);
  await backend.remove(NEXT_INDEX_KEY, options);
}

async function create(backend: Backend, key: string, bytes: Uint8Array, options: CallOptions): Promise<void> {
  try {
    await backend.create(key, bytes, options);
  } catch (cause) {
    if (!LedgerError.hasCode(cause, "EXISTS")) throw cause;
    throw new LedgerError("CONFLICT", "another program publishes this ledger at this moment: publish it again", {
      key,
      operation: "publish",
      cause,
    });
  }
}
