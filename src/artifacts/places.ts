import type { StoredBlob } from "./blobs.ts";

/** Size in bytes of the largest pack that is written or read. */
export const MAX_PACK_BYTES: number = 8 * 1024 * 1024;
/** The most packs of one artifact. */
export const MAX_PACKS = 20_000;

/** Where a small content is: in a pack, which is a blob of many of them. */
export interface Place {
  readonly pack: StoredBlob;
  /** The number of bytes before it. */
  readonly at: number;
}

/** A pack of at least this many bytes is not merged with others. */
const FULL_BYTES = MAX_PACK_BYTES / 2;
/** Packs of up to this many bytes count as equally large. */
const LEAST_BYTES = 64 * 1024;
/** Among packs of similar size, this many are left as they are. */
const MOST_OF_A_SIZE = 4;

/**
 * Returns the packs whose contents a new version should store again in other packs: those that hold more bytes for old
 * versions than for this one, and those of similar size if there are more than four. So a version of `n` bytes in packs
 * refers to at most `n` / 2 MiB + 20 packs, however many versions were before it, and a content is stored again at most
 * once for each of four sizes until its pack is full.
 *
 * `live`: the number of bytes in each pack that the new version needs.
 */
export function packsToRewrite(live: ReadonlyMap<StoredBlob, number>): Set<StoredBlob> {
  const rewrite = new Set<StoredBlob>();
  const bySize = new Map<number, StoredBlob[]>();
  for (const [pack, bytes] of live) {
    if (bytes * 2 < pack.size) rewrite.add(pack);
    else if (pack.size < FULL_BYTES) {
      const size = pack.size <= LEAST_BYTES ? 0 : Math.ceil(Math.log(pack.size / LEAST_BYTES) / Math.log(4));
      const alike = bySize.get(size);
      if (alike === undefined) bySize.set(size, [pack]);
      else alike.push(pack);
    }
  }
  for (const alike of bySize.values()) if (alike.length > MOST_OF_A_SIZE) for (const pack of alike) rewrite.add(pack);
  return rewrite;
}
