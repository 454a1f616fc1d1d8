import type { Backend } from "../backend/backend.ts";
import { concatBytes } from "../backend/body.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { blobKey } from "./blobs.ts";
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
