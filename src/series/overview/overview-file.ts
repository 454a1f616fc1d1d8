import { runPrefix } from "../../journal/run-created.ts";
import { guarded, type ReadRange, readExactly } from "../../parquet/metrics-reader.ts";
import { COARSE_BUCKETS } from "./bucket-columns.ts";
import { decodeExtremes } from "./decode-extremes.ts";
import type { Extremes, Level } from "./extremes.ts";
import {
  decodeIndex,
  decodeTrailer,
  type IndexEntry,
  type OverviewPlace,
  overviewSeed,
  partCrc,
} from "./file-index.ts";

/** What is read first, from the end. */
const TAIL_BYTES = 1024;

/**
 * Opens an object of overviews of `size` bytes: one read, or two if the index is long. Throws `CORRUPT` if the bytes are not those of
 * the object at `place`, and passes on what `read` throws.
 */
export async function openOverview(read: ReadRange, size: number, place: OverviewPlace): Promise<OverviewFile> {
  const name = `${runPrefix(place.runId)}/${place.name}`;
  const seed = overviewSeed(place);
  const length = Math.min(size, TAIL_BYTES);
  let end = await readExactly(read, name, size - length, length);
  const needed = guarded(name, "end", () => decodeTrailer(end, size));
  if (needed > length) end = await readExactly(read, name, size - needed, needed);
  const entries = guarded(name, "index", () => decodeIndex(end.subarray(end.length - needed), size, seed));
  return new OverviewFile(read, name, seed, entries);
}

/** An open object of overviews. Each series takes one read. */
export class OverviewFile {
  readonly #read: ReadRange;
  readonly #name: string;
  readonly #seed: number;
  readonly #entries: ReadonlyMap<string, IndexEntry>;

  constructor(read: ReadRange, name: string, seed: number, entries: ReadonlyMap<string, IndexEntry>) {
    this.#read = read;
    this.#name = name;
    this.#seed = seed;
    this.#entries = entries;
  }

  /** The keys of the series, in the order of their overviews. */
  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Number of points of a series. */
  count(key: string): number | undefined {
    return this.#entries.get(key)?.n;
  }

  /** The lowest and highest points by bucket. `CORRUPT` if the bytes are not those that were written. */
  async extremes(key: string, level: Level): Promise<Extremes | undefined> {
    const part = level === COARSE_BUCKETS ? 0 : 1;
    return await this.read(key, part, part + 1, (n, take) => decodeExtremes(n, level, take()));
  }

  /** Reads the parts `[from, to)` of the block of a series. `take` gives the next of them, checked: `CORRUPT` as above. */
  async read<T>(
    key: string,
    from: number,
    to: number,
    decode: (n: number, take: () => Uint8Array) => T,
  ): Promise<T | undefined> {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    const parts = entry.parts.slice(from, to);
    const start = parts[0]!.offset;
    const total = parts.reduce((sum, { length }) => sum + length, 0);
    const bytes = await readExactly(this.#read, this.#name, start, total);
    return guarded(this.#name, `overview of ${JSON.stringify(key)}`, () =>
      decode(entry.n, () => {
        const { offset, length, crc } = parts.shift()!;
        const part = bytes.subarray(offset - start, offset - start + length);
        if (partCrc(this.#seed, key, part) !== crc) throw new RangeError("the checksum is wrong");
        return part;
      }),
    );
  }
}
