import { abortable } from "../platform/abort.ts";
import { gate } from "../platform/bounded.ts";
import type { Backend } from "../backend/backend.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { blobKey, type StoredBlob } from "./blobs.ts";
import type { ManifestFile } from "./manifest.ts";
import type { Place } from "./places.ts";
import { damaged } from "./read-blob.ts";
import { readRange } from "./read-ranges.ts";

/** A file whose content is in a pack. */
export type PackedFile = ManifestFile & { readonly place: Place };

/** Returns whether the content of a file is in a pack. */
export function isPacked(file: ManifestFile): file is PackedFile {
  return file.place !== undefined;
}

/** Returns the files pack by pack, and then those that are blobs of their own. */
export function inStoredOrder(files: Iterable<ManifestFile>): ManifestFile[] {
  const byPack = new Map<StoredBlob | undefined, ManifestFile[]>();
  for (const file of files) {
    const pack = file.place?.pack;
    const together = byPack.get(pack);
    if (together === undefined) byPack.set(pack, [file]);
    else together.push(file);
  }
  const blobs = byPack.get(undefined) ?? [];
  byPack.delete(undefined);
  return [...byPack.values(), blobs].flat();
}

/** The number of files of a pack that are read one by one. For the next one, the whole pack is read. */
const FEW = 4;
/** The most packs that are kept in memory, and read at a time. */
const MOST_KEPT = 2;

interface PackUse {
  reads: number;
  /** The pack. Undefined if it cannot be read as a whole. */
  whole?: Promise<Uint8Array | undefined> | undefined;
}

/** Reads files out of packs: a few by their ranges, many by whole packs. */
export class PackedFiles {
  readonly #backend: Backend;
  readonly #inTurn: ReturnType<typeof gate> = gate(MOST_KEPT);
  readonly #fileCounts = new Map<StoredBlob, number>();
  readonly #uses = new Map<StoredBlob, PackUse>();
  #kept: PackUse[] = [];

  constructor(backend: Backend, files: readonly ManifestFile[]) {
    this.#backend = backend;
    for (const { place } of files) {
      if (place !== undefined) this.#fileCounts.set(place.pack, (this.#fileCounts.get(place.pack) ?? 0) + 1);
    }
  }

  /** Returns the bytes of a file. Rejects with `CORRUPT` that names it if they do not have its digest. */
  async read({ path, hex, size, place }: PackedFile, signal: AbortSignal | undefined): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const { sha256Hex } = await loadSha256();
    const { pack, at } = place;
    const whole = size === 0 ? undefined : await abortable(Promise.resolve(this.#use(pack)), signal);
    const bytes = whole?.slice(at, at + size) ?? (await this.#range(path, size, place, signal));
    if (bytes.byteLength !== size) throw inPack(path, pack, `has only ${bytes.byteLength} of its ${size} bytes`);
    if ((await sha256Hex(bytes)) !== hex) throw inPack(path, pack, "does not hold the bytes of its digest");
    return bytes;
  }

  async #range(path: string, size: number, { pack, at }: Place, signal: AbortSignal | undefined): Promise<Uint8Array> {
    if (size === 0) return new Uint8Array(0);
    try {
      return await readRange(this.#backend, blobKey(pack.hex), { offset: at, length: size }, signal);
    } catch (cause) {
      if (LedgerError.hasCode(cause, "CORRUPT")) throw inPack(path, pack, "is missing", cause);
      throw cause;
    }
  }

  /** Returns the whole pack if many of its files are being read. */
  #use(pack: StoredBlob): PackUse["whole"] {
    const use: PackUse = this.#uses.get(pack) ?? { reads: 0 };
    this.#uses.set(pack, use);
    use.reads++;
    if (use.reads > FEW && use.whole === undefined) {
      use.whole = this.#inTurn(() => readPack(this.#backend, pack, undefined)).catch(() => undefined);
      this.#kept.push(use);
      if (this.#kept.length > MOST_KEPT) this.#drop(this.#kept[0] as PackUse);
    }
    const { whole } = use;
    // All of its files have been read, so it is probably not needed again.
    if (use.reads >= (this.#fileCounts.get(pack) ?? 0)) this.#drop(use);
    return whole;
  }

  #drop(use: PackUse): void {
    use.reads = 0;
    use.whole = undefined;
    this.#kept = this.#kept.filter((other) => other !== use);
  }
}

/** Returns the bytes of a pack, unchecked. Rejects with `CORRUPT` if it is missing or does not have its size. */
export async function readPack(
  backend: Backend,
  { hex, size }: StoredBlob,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const key = blobKey(hex);
  const bytes = await readRange(backend, key, { offset: 0, length: size + 1 }, signal);
  if (bytes.byteLength === size) return bytes;
  throw damaged(key, `should have ${size} bytes, but has ${bytes.byteLength > size ? "more" : bytes.byteLength}`);
}

function inPack(path: string, { hex }: StoredBlob, what: string, cause?: unknown): LedgerError {
  const key = blobKey(hex);
  const message = `${key}, which holds ${JSON.stringify(path)}, ${what}`;
  return new LedgerError("CORRUPT", message, { key, operation: "read", cause });
}
