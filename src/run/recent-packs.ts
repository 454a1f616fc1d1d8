import type { MediaPack } from "../journal/media-pack.ts";

/** A stored pack that is still in memory. */
export interface RecentPack extends MediaPack {
  readonly bytes: Uint8Array;
  /** 0: it repeats no other pack. 1: it repeats packs of level 0, and so on. */
  readonly level: number;
}

/** At most this many bytes of packs stay in memory. A pack repeats at most this many bytes of others. */
const MOST_BYTES: number = 8 * 1024 * 1024;
/** A larger pack stays as it is. */
const SMALL_BYTES: number = 1024 * 1024;
/** One in this many packs repeats the others of its level. */
const GROUPS: readonly number[] = [128, 16];

/**
 * The last packs of a stream, one after the other. Now and then a pack repeats those before it, which can be removed
 * then: so a stream ends as few objects, and merging takes no request of its own but the removals.
 */
export class RecentPacks {
  readonly #packs: RecentPack[] = [];
  #bytes = 0;

  /** Returns the packs that the next one repeats, in order, and its level. `from`: where the next one begins. */
  repeatedBy(from: number): { readonly repeated: readonly RecentPack[]; readonly level: number } {
    let at = this.#packs.length;
    let level = 0;
    if (this.#packs.at(-1)?.to !== from) return { repeated: [], level };
    for (; level < GROUPS.length; level++) {
      let first = at;
      while (first > 0 && this.#packs[first - 1]!.level === level) first--;
      if (at - first + 1 < GROUPS[level]!) break;
      at = first;
    }
    return { repeated: this.#packs.slice(at), level };
  }

  /** Adds a stored pack in place of the last `repeated` ones, which it repeats. */
  add(pack: RecentPack, repeated: number): void {
    for (const { bytes } of this.#packs.splice(this.#packs.length - repeated)) this.#bytes -= bytes.length;
    if (this.#packs.at(-1)?.to !== pack.from) this.clear();
    if (pack.bytes.length > SMALL_BYTES) return this.clear();
    this.#packs.push(pack);
    this.#bytes += pack.bytes.length;
    while (this.#bytes > MOST_BYTES) this.#bytes -= this.#packs.shift()!.bytes.length;
  }

  clear(): void {
    this.#packs.length = 0;
    this.#bytes = 0;
  }
}
