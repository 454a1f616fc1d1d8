import { mapBounded } from "../platform/bounded.ts";
import type { BlobStore, StoredBlob } from "./blobs.ts";
import type { ContentDigests } from "./content-digests.ts";
import type { KnownDigests } from "./known-digests.ts";
import type { ManifestFile } from "./manifest.ts";
import { PackWriter } from "./pack-writer.ts";
import { type Place, packsToRewrite } from "./places.ts";
import { contentSize, type SizedContent, SmallFileReader } from "./small-file-reader.ts";
import { loadSha256 } from "../bytes/sha256.ts";

/** The number of packs that are looked up at a time. */
const PARALLEL_PACKS = 16;

/** A stored content, and where it is if that is not a blob of its own. */
export type StoredContent = StoredBlob & { readonly place?: Place };

/** Stores contents, or only computes their digests. */
export type ContentSink = Pick<BlobStore, "put" | "has"> & Partial<Pick<ContentDigests, "storesNothing">>;

interface SmallFilesCall {
  readonly sink: ContentSink;
  readonly known: KnownDigests;
  /** The files of the newest version. */
  readonly before: readonly ManifestFile[];
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Stores small contents in packs. A content that the newest version has keeps its place, unless {@link packsToRewrite}
 * says otherwise. Reads only contents whose digests are not known or that it stores. Holds a few packs in memory.
 */
export async function storeSmallFiles(
  contents: readonly SizedContent[],
  call: SmallFilesCall,
): Promise<StoredContent[]> {
  const { sink, onBytes, signal } = call;
  const reader = new SmallFileReader(contents, call.known, await loadSha256(), signal);
  if (sink.storesNothing === true) return await digestsOf(contents, reader);
  const old = await oldPlaces(call.before, sink, signal);
  const places = new Map<string, Place>();
  const most = contents.reduce((sum, content) => sum + contentSize(content), 0);
  const writer = new PackWriter(sink, { most, signal, onBytes });
  const isPlaced = (hex: string | undefined): boolean => hex !== undefined && (places.has(hex) || old.has(hex));
  const stored: StoredBlob[] = [];
  /** Reads a content, and puts it into a pack unless it is in one. */
  const place = async (index: number, wants: (index: number) => boolean): Promise<void> => {
    const { hex, size, bytes } = await reader.read(index, wants);
    stored[index] = { hex, size };
    if (!isPlaced(hex)) places.set(hex, await writer.add(bytes));
  };
  try {
    const isUnknown = (index: number): boolean => !isPlaced(reader.known(index));
    for (const [index, content] of contents.entries()) {
      const hex = reader.known(index);
      if (hex !== undefined && isPlaced(hex)) stored[index] = { hex, size: contentSize(content) };
      else await place(index, isUnknown);
    }
    forget(old, packsToRewrite(liveBytes(stored, places, old)));
    // Reads these contents from their source once more. A file may have changed in the meantime.
    const isHomeless = (index: number): boolean => !isPlaced(stored[index]?.hex);
    for (const index of contents.keys()) if (isHomeless(index)) await place(index, isHomeless);
    await writer.end();
  } catch (error) {
    await writer.settle();
    throw error;
  }
  const reported = new Set<string>();
  return stored.map(({ hex, size }) => {
    const own = places.get(hex);
    // The writer has reported the bytes of its packs.
    if (own === undefined || reported.has(hex)) onBytes(size);
    reported.add(hex);
    return { hex, size, place: own ?? (old.get(hex) as Place) };
  });
}

async function digestsOf(contents: readonly SizedContent[], reader: SmallFileReader): Promise<StoredBlob[]> {
  const found: StoredBlob[] = [];
  const isUnknown = (index: number): boolean => reader.known(index) === undefined;
  for (const [index, content] of contents.entries()) {
    const hex = reader.known(index) ?? (await reader.read(index, isUnknown)).hex;
    found.push({ hex, size: contentSize(content) });
  }
  return found;
}

/** Returns by digest where the contents of a version are, in packs that are there with the size that it states. */
async function oldPlaces(
  files: readonly ManifestFile[],
  sink: ContentSink,
  signal: AbortSignal | undefined,
): Promise<Map<string, Place>> {
  const packs = new Set<StoredBlob>();
  for (const { place } of files) if (place !== undefined) packs.add(place.pack);
  const gone = new Set<StoredBlob>();
  await mapBounded([...packs], PARALLEL_PACKS, signal, async (pack, stop) => {
    if (!(await sink.has(pack, stop))) gone.add(pack);
  });
  const places = new Map<string, Place>();
  for (const { hex, place } of files) if (place !== undefined && !gone.has(place.pack)) places.set(hex, place);
  return places;
}

/** Returns the number of bytes of each old pack that the stored contents need. */
function liveBytes(
  stored: readonly StoredBlob[],
  places: ReadonlyMap<string, Place>,
  old: ReadonlyMap<string, Place>,
): Map<StoredBlob, number> {
  const live = new Map<StoredBlob, number>();
  for (const { hex, size } of new Map(stored.map((content) => [content.hex, content])).values()) {
    const place = places.has(hex) ? undefined : old.get(hex);
    if (place !== undefined) live.set(place.pack, (live.get(place.pack) ?? 0) + size);
  }
  return live;
}

function forget(places: Map<string, Place>, packs: ReadonlySet<StoredBlob>): void {
  for (const [hex, { pack }] of places) if (packs.has(pack)) places.delete(hex);
}
