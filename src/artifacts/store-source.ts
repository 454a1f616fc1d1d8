import { LedgerError } from "../errors/ledger-error.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { BlobStore, StoredBlob } from "./blobs.ts";
import { type FoundFile, listFiles, listingDigest, sizeOf, SkippedFiles } from "./directory-listing.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { unportablePaths } from "./path.ts";
import type { NormalSource } from "./source.ts";

/** The number of files sent at a time. */
const PARALLEL = 4;
/** The path of a single content that has no name of its own. */
const CONTENT_PATH = "content";

type StoredFiles = Pick<Manifest, "hex" | "single" | "files">;

/** Takes the contents of a source: {@link BlobStore} stores them. */
type ContentSink = Pick<BlobStore, "put">;

/** Stores the contents of a source that are not stored yet. Returns what its manifest states about them. */
export async function storeSource(
  blobs: ContentSink,
  source: NormalSource,
  progress: Progress,
  onTrouble: (error: LedgerError) => void,
  signal: AbortSignal | undefined,
): Promise<StoredFiles> {
  if (source.kind === "content") {
    const { content } = source;
    const total = sizeOf(content);
    if (total !== undefined) progress.expect(total);
    const { hex, size } = await blobs.put(content, { signal, onBytes: progress.add });
    return { hex, single: true, files: [{ path: CONTENT_PATH, size, hex }] };
  }
  const skipped = new SkippedFiles();
  const found = await listFiles(source, { signal, onSkip: skipped.add });
  if (skipped.count > 0) onTrouble(skipped.error());
  const stored = await storeFiles(blobs, found, progress, signal);
  if (source.kind === "map" || !source.tree.single) return stored;
  const { files } = stored;
  const [only] = files;
  if (only === undefined || files.length > 1)
    throw new LedgerError("INVALID_ARGUMENT", "source states that it is one file, but has none or several", {
      field: "source",
    });
  return { hex: only.hex, single: true, files };
}

async function storeFiles(
  blobs: ContentSink,
  found: readonly FoundFile[],
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<StoredFiles> {
  const sizes = found.map(({ content }) => sizeOf(content));
  if (sizes.every((size) => size !== undefined)) progress.expect(sizes.reduce((total, size) => total + size, 0));
  const stored = await mapBounded(found, PARALLEL, signal, ({ content }, stop): Promise<StoredBlob> => {
    return blobs.put(content, { signal: stop, onBytes: progress.add });
  });
  const odd = unportablePaths(found.map(({ path }) => path));
  const files = found.map(({ path }, i): ManifestFile => {
    return { path, ...(stored[i] as StoredBlob), ...(odd.has(path) && { portable: false }) };
  });
  return { hex: await listingDigest(files), single: false, files };
}

/** Adds up bytes and reports them. */
export class Progress {
  readonly #tell: ((progress: { bytes: number; total?: number }) => void) | undefined;
  #bytes = 0;
  #total: number | undefined;

  constructor(tell: ((progress: { bytes: number; total?: number }) => void) | undefined) {
    this.#tell = tell;
  }

  /** Sets how many bytes there will be. */
  expect(total: number): void {
    this.#total = total;
  }

  /** Adds bytes and reports the sum. Throws `INVALID_ARGUMENT` if the listener throws. */
  readonly add = (bytes: number): void => {
    this.#bytes += bytes;
    if (this.#tell === undefined) return;
    try {
      this.#tell(this.#total === undefined ? { bytes: this.#bytes } : { bytes: this.#bytes, total: this.#total });
    } catch (cause) {
      throw new LedgerError("INVALID_ARGUMENT", "onProgress threw an error", {
        field: "onProgress",
        received: "function",
        cause,
      });
    }
  };
}
