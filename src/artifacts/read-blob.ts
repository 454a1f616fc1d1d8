import type { Backend } from "../backend/backend.ts";
import { concatBytes } from "../backend/body.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { blobKey, type StoredBlob } from "./blobs.ts";
import { readRanges } from "./read-ranges.ts";

/**
 * Returns a blob as a whole. Rejects with `CORRUPT` if its bytes do not have this SHA-256, and without reading it if
 * `size`, which a record says, is not a number of bytes up to `most`.
 */
export async function readBlob(
  backend: Backend,
  hex: string,
  { size, most }: { readonly size: number; readonly most: number },
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const key = blobKey(hex);
  if (!Number.isSafeInteger(size) || size < 0 || size > most)
    throw new LedgerError("CORRUPT", `${key} cannot have the ${size} bytes that are recorded`, { key });
  const { sha256Hex } = await loadSha256();
  const parts: Uint8Array[] = [];
  for await (const part of readRanges(backend, key, size, signal)) parts.push(part);
  const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(parts);
  if ((await sha256Hex(bytes)) === hex) return bytes;
  throw new LedgerError("CORRUPT", `${key} does not have the bytes that its name promises`, { key, operation: "read" });
}

export const WRONG_DIGEST = "does not hold the bytes of this digest";

/**
 * Yields the bytes of a blob in chunks of 4 MiB. Checks the digest before it yields the last one. Throws `CORRUPT` if
 * the blob is missing or has another size or digest.
 */
export async function* blobChunks(
  backend: Backend,
  { hex, size }: StoredBlob,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { createSha256 } = await loadSha256();
  const key = blobKey(hex);
  const hash = createSha256();
  let bytes = 0;
  for await (const chunk of readRanges(backend, key, size, signal)) {
    hash.update(chunk);
    bytes += chunk.byteLength;
    if (bytes < size) yield chunk;
    else if (hash.digestHex() === hex) return yield chunk;
    else throw damaged(key, WRONG_DIGEST);
  }
  if (hash.digestHex() !== hex) throw damaged(key, WRONG_DIGEST);
}

/** Returns the error for an object that is not as it was stored. */
export function damaged(key: string, what: string, cause?: unknown): LedgerError {
  return new LedgerError("CORRUPT", `${key} ${what}`, { key, operation: "read", cause });
}
