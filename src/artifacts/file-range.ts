import type { Backend, ByteRange } from "../backend/backend.ts";
import { clampRange } from "../backend/body.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import { blobKey } from "./blobs.ts";
import type { ManifestFile } from "./manifest.ts";
import { type Part, readPart, readRanges } from "./read-ranges.ts";

/** Where the bytes of a range of a file are: a part of an object. */
interface StoredPart {
  readonly key: string;
  /** The number of bytes of the object. */
  readonly size: number;
  readonly part: Part;
}

/**
 * Returns where a range of a file is stored. It ends with the file at the latest. Throws `INVALID_ARGUMENT` for a range
 * that is none.
 */
export function storedPart({ hex, size, place }: ManifestFile, range: ByteRange): StoredPart {
  if (typeof range !== "object" || range === null) throw invalidArgument("range", "{ offset, length }", range);
  const { start, end } = clampRange(range, size);
  if (place === undefined) return { key: blobKey(hex), size, part: { start, end } };
  const { pack, at } = place;
  return { key: blobKey(pack.hex), size: pack.size, part: { start: at + start, end: at + end } };
}

/** Returns the bytes of a part with one request, or with none if it is empty. Rejects with `CORRUPT` for other sizes. */
export async function readStoredPart(
  backend: Backend,
  { key, size, part }: StoredPart,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  return part.start === part.end ? new Uint8Array(0) : await readPart(backend, key, size, part, signal);
}

/** Yields the bytes of a part in chunks of 4 MiB. Throws as {@link readStoredPart} rejects. */
export async function* storedPartChunks(
  backend: Backend,
  { key, size, part }: StoredPart,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  if (part.start < part.end) yield* readRanges(backend, key, size, signal, part);
}
