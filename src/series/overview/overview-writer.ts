import { LedgerError } from "../../errors/ledger-error.ts";
import { RunDeflate } from "../../parquet/deflate/run-deflate.ts";
import { BUCKETS } from "./bucket-columns.ts";
import { encodeOverview } from "./encode-overview.ts";
import {
  encodeIndex,
  type IndexRow,
  MAX_INDEX_BYTES,
  MAX_SERIES,
  type OverviewPlace,
  overviewSeed,
  partCrc,
} from "./file-index.ts";
import type { SeriesOverview } from "./overview-builder.ts";

/** Room that is kept for one more row: keys are short, but nothing here says how short. */
const LONGEST_ROW: number = 1024 * 1024;

/** Makes an object of overviews: the bytes returned, one after the other. */
export class OverviewFileWriter {
  readonly #rows = new Map<string, IndexRow>();
  readonly #deflate = new RunDeflate();
  readonly #seed: number;
  #indexBytes = 0;

  constructor(place: OverviewPlace) {
    this.#seed = overviewSeed(place);
  }

  /** It has as many series as a reader takes. */
  get isFull(): boolean {
    return this.#rows.size >= MAX_SERIES || this.#indexBytes >= MAX_INDEX_BYTES - LONGEST_ROW;
  }

  /** Bytes returned so far. */
  size = 0;

  /** The block of a series of more than 500 points; `INVALID_ARGUMENT` for a shorter one, or a key that was added before. */
  add(key: string, overview: SeriesOverview): Uint8Array {
    if (this.#rows.has(key) || overview.n <= BUCKETS)
      throw new LedgerError("INVALID_ARGUMENT", `${JSON.stringify(key)} is too short for an overview, or has one`, {
        field: "key",
      });
    const parts = encodeOverview(overview, this.#deflate);
    // A character takes three bytes at most, and what stands beside the key less than 120.
    this.#indexBytes += 3 * JSON.stringify(key).length + 120;
    this.#rows.set(key, [overview.n, ...parts.flatMap((part) => [part.length, partCrc(this.#seed, key, part)])]);
    const block = Uint8Array.from(parts.flatMap((part) => [...part]));
    this.size += block.length;
    return block;
  }

  /** The end of the object. Nothing can be added after it. */
  end(): Uint8Array {
    const index = encodeIndex(this.#rows, this.#seed);
    this.size += index.length;
    return index;
  }
}
