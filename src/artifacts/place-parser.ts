import { parseDigest } from "../bytes/digest.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { StoredBlob } from "./blobs.ts";
import { MAX_PACK_BYTES, type Place } from "./places.ts";

/** What a manifest that may come from anybody says of the place of a file. */
interface StatedPlace {
  readonly path: string;
  readonly size: number;
  readonly in?: number | undefined;
  readonly at?: number | undefined;
}

/** Checks the packs of a manifest, and the places of its files in them. */
export class PlaceParser {
  readonly #key: string;
  readonly #packs: readonly StoredBlob[];
  /** The bytes of each pack that no content has taken yet. */
  readonly #free: number[];
  /** By what says where and what the content is. */
  readonly #placed = new Map<string, Place>();

  /** Throws `CORRUPT` that names `key` for a pack without a digest, or of more than 8 MiB. */
  constructor(packs: readonly { readonly digest: string; readonly size: number }[], key: string) {
    this.#key = key;
    this.#packs = packs.map(({ digest, size }) => {
      const hex = parseDigest(digest);
      if (hex === undefined || size > MAX_PACK_BYTES) throw this.#damaged("lists a pack that cannot be one");
      return { hex, size };
    });
    this.#free = packs.map(({ size }) => size);
  }

  /**
   * Returns the place of a file, or `undefined` for a blob of its own. Throws `CORRUPT` that names the file if no pack
   * can hold it there, or if contents overlap: then reading them all could take any time.
   */
  parse({ path, size, in: index, at }: StatedPlace, hex: string): Place | undefined {
    if (index === undefined && at === undefined) return undefined;
    const pack = this.#packs[index ?? -1];
    if (pack === undefined || at === undefined || at + size > pack.size)
      throw this.#damaged(`states a place of ${JSON.stringify(path)} that is in none of its packs`);
    const content = `${index} ${at} ${size} ${hex}`;
    const same = this.#placed.get(content);
    if (same !== undefined) return same;
    const free = (this.#free[index as number] as number) - size;
    if (free < 0) throw this.#damaged(`states a place of ${JSON.stringify(path)} that overlaps others`);
    this.#free[index as number] = free;
    const place = { pack, at };
    this.#placed.set(content, place);
    return place;
  }

  #damaged(what: string): LedgerError {
    return new LedgerError("CORRUPT", `${this.#key} ${what}`, { key: this.#key });
  }
}
