import type { Backend } from "../backend/backend.ts";
import { blobKey } from "./blobs.ts";
import type { ManifestFile } from "./manifest.ts";
import { type Part, readPart, readRanges } from "./read-ranges.ts";

/** Returns a part of a file with one request, or with none if it is empty. Rejects with `CORRUPT` for other sizes. */
export async function readFilePart(
  backend: Backend,
  file: ManifestFile,
  part: Part,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  if (part.start === part.end) return new Uint8Array(0);
  const { key, size, start, end } = stored(file, part);
  return await readPart(backend, key, size, { start, end }, signal);
}

/** Yields the bytes of a part of a file in chunks of 4 MiB. Throws as {@link readFilePart} rejects. */
export async function* filePartChunks(
  backend: Backend,
  file: ManifestFile,
  part: Part,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  if (part.start === part.end) return;
  const { key, size, start, end } = stored(file, part);
  yield* readRanges(backend, key, size, signal, { start, end });
}

/** Returns the object that holds a part of a file, and where in it the part is. */
function stored({ hex, size, place }: ManifestFile, { start, end }: Part): Part & { key: string; size: number } {
  if (place === undefined) return { key: blobKey(hex), size, start, end };
  const { pack, at } = place;
  return { key: blobKey(pack.hex), size: pack.size, start: at + start, end: at + end };
}
