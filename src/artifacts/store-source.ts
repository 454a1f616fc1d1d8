import { LedgerError } from "../errors/ledger-error.ts";
import { mapBounded } from "../platform/bounded.ts";
import { type FoundFile, listFiles, listingDigest, sizeOf, SkippedFiles } from "./directory-listing.ts";
import type { KnownDigests } from "./known-digests.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { unportablePaths } from "./path.ts";
import type { SizedContent } from "./small-file-reader.ts";
import { type ContentSink, type StoredContent, storeSmallFiles } from "./small-files.ts";
import type { Content, NormalSource } from "./source.ts";

/** The number of files sent at a time. */
const PARALLEL = 4;
/** Smaller files share packs with others, if there are enough of them. */
const SMALL_FILE_BYTES = 64 * 1024;
/** Fewer small files are blobs of their own, which any program finds by their digests: a model, a table. */
const FEWEST_IN_PACKS = 16;
/** The path of a single content that has no name of its own. */
const CONTENT_PATH = "content";

type StoredFiles = Pick<Manifest, "hex" | "single" | "files">;

export interface StoreSourceCall {
  readonly sink: ContentSink;
  readonly known: KnownDigests;
  /** Returns the newest version, whose contents need not be stored again. */
  readonly newest: () => Promise<Pick<Manifest, "files"> | undefined>;
  readonly progress: Progress;
  readonly onTrouble: (error: LedgerError) => void;
  readonly signal: AbortSignal | undefined;
}

/** Stores the contents of a source that are not stored yet. Returns what its manifest states about them. */
export async function storeSource(source: NormalSource, call: StoreSourceCall): Promise<StoredFiles> {
  const { progress, signal } = call;
  if (source.kind === "content") {
    const { content } = source;
    const total = sizeOf(content);
    if (total !== undefined) progress.expect(total);
    const { hex, size } = await storeContent(content, call, signal);
    return { hex, single: true, files: [{ path: CONTENT_PATH, size, hex }] };
  }
  const skipped = new SkippedFiles();
  const found = await listFiles(source, { signal, onSkip: skipped.add });
  if (skipped.count > 0) call.onTrouble(skipped.error());
  const stored = await storeFiles(found, call);
  if (source.kind === "map" || !source.tree.single) return stored;
  const { files } = stored;
  const [only] = files;
  if (only === undefined || files.length > 1)
    throw new LedgerError("INVALID_ARGUMENT", "source states that it is one file, but has none or several", {
      field: "source",
    });
  return { hex: only.hex, single: true, files };
}

async function storeFiles(found: readonly FoundFile[], call: StoreSourceCall): Promise<StoredFiles> {
  const { progress, signal } = call;
  const sizes = found.map(({ content }) => sizeOf(content));
  if (sizes.every((size) => size !== undefined)) progress.expect(sizes.reduce((total, size) => total + size, 0));
  const packed = await storeInPacks(found, call);
  const stored = await mapBounded(found, PARALLEL, signal, async ({ content }, stop) => {
    return packed.get(content) ?? (await storeContent(content, call, stop));
  });
  const odd = unportablePaths(found.map(({ path }) => path));
  const files = found.map(({ path }, i): ManifestFile => {
    return { path, ...(stored[i] as StoredContent), ...(odd.has(path) && { portable: false }) };
  });
  return { hex: await listingDigest(files), single: false, files };
}

/** Stores the small files among many in packs. */
async function storeInPacks(
  found: readonly FoundFile[],
  { sink, known, newest, progress, signal }: StoreSourceCall,
): Promise<Map<Content, StoredContent>> {
  const small = found.map(({ content }) => content).filter(isSmall);
  if (small.length < FEWEST_IN_PACKS) return new Map();
  const before = sink.storesNothing === true ? [] : ((await newest())?.files ?? []);
  const stored = await storeSmallFiles(small, { sink, known, before, onBytes: progress.add, signal });
  return new Map(small.map((content, i) => [content, stored[i] as StoredContent]));
}

function isSmall(content: Content): content is SizedContent {
  return (sizeOf(content) ?? Infinity) < SMALL_FILE_BYTES;
}

/** Stores a content as a blob. Does not read a file whose state is known, if its blob is there. */
async function storeContent(
  content: Content,
  { sink, known, progress }: StoreSourceCall,
  signal: AbortSignal | undefined,
): Promise<StoredContent> {
  if (content.kind !== "reopenable") return await sink.put(content, { signal, onBytes: progress.add });
  const { state, size } = content;
  const hex = known.get(state, size);
  if (hex !== undefined && (await sink.has({ hex, size }, signal))) {
    progress.add(size);
    return { hex, size };
  }
  const begun = performance.now();
  const stored = await sink.put(content, { signal, onBytes: progress.add });
  known.set(state, stored, begun);
  return stored;
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
