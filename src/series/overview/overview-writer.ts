import { LedgerError } from "../../backend/error.ts";
import { RunDeflate } from "../../parquet/run-deflate.ts";
import { BUCKETS } from "./bucket-columns.ts";
import { encodeOverview } from "./encode-overview.ts";
import { encodeIndex, type IndexRow, partCrc } from "./file-index.ts";
import type { SeriesOverview } from "./overview-builder.ts";

/** Makes an object of overviews: the bytes returned, one after the other. */
export class OverviewFileWriter {
  readonly #rows = new Map<string, IndexRow>();
  readonly #deflate = new RunDeflate();
  /** Bytes returned so far. */
  size = 0;

  /** The block of a series of more than 500 points; `INVALID_ARGUMENT` for a shorter one, or a key that was added before. */
  add(key: string, overview: SeriesOverview): Uint8Array {
    if (this.#rows.has(key) || overview.n <= BUCKETS)
      throw new LedgerError("INVALID_ARGUMENT", `${JSON.stringify(key)} is too short for an overview, or has one`, {
        field: "key",
      });
    const parts = encodeOverview(overview, this.#deflate);
    this.#rows.set(key, [overview.n, ...parts.flatMap((part) => [part.length, partCrc(key, part)])]);
    const block = Uint8Array.from(parts.flatMap((part) => [...part]));
    this.size += block.length;
    return block;
  }

  /** The end of the object. Nothing can be added after it. */
  end(): Uint8Array {
    const index = encodeIndex(this.#rows);
    this.size += index.length;
    return index;
  }
}
