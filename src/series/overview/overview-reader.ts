import { runPrefix } from "../../journal/run-created.ts";
import { type ReadRange, guarded, readExactly } from "../../parquet/metrics-reader.ts";
import { type Extremes, type Level, COARSE_BUCKETS } from "./buckets.ts";
import {
  type IndexEntry,
  type OverviewPlace,
  decodeIndex,
  decodeTrailer,
  overviewSeed,
  partCrc,
} from "./overview-index.ts";
import { gunzip } from "#gunzip";
import { countDeltas, decodeDelta } from "../../parquet/delta-decode.ts";
import { joinPlanes } from "../../parquet/byte-stream-split.ts";

/** Bytes of the first read, which are the object's last. */
const TAIL_BYTES = 1024;

/**
 * Opens an object of overviews of `size` bytes. Takes one read, or two if the index is long. Rejects with `CORRUPT` if
 * the bytes are not those of the object at `place`. Passes on the errors of `read`.
 */
export async function openOverview(read: ReadRange, size: number, place: OverviewPlace): Promise<OverviewReader> {
  const name = `${runPrefix(place.runId)}/${place.name}`;
  const seed = overviewSeed(place);
  const length = Math.min(size, TAIL_BYTES);
  let end = await readExactly(read, name, size - length, length);
  const needed = guarded(name, "end", () => decodeTrailer(end, size));
  if (needed > length) end = await readExactly(read, name, size - needed, needed);
  const entries = guarded(name, "index", () => decodeIndex(end.subarray(end.length - needed), size, seed));
  return new OverviewReader(read, name, seed, entries);
}

/** An open object of overviews. Reading a series takes one read. */
export class OverviewReader {
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

  /** Returns the keys of the series, in the order of their overviews. */
  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Returns the number of points of a series. */
  count(key: string): number | undefined {
    return this.#entries.get(key)?.n;
  }

  /** Returns the lowest and highest point of each bucket. Rejects with `CORRUPT` if the bytes are damaged. */
  async extremes(key: string, level: Level): Promise<Extremes | undefined> {
    const part = level === COARSE_BUCKETS ? 0 : 1;
    const entry = this.#entries.get(key);
    const stored = entry?.parts[part];
    if (!entry || !stored) return undefined;
    const bytes = await readExactly(this.#read, this.#name, stored.offset, stored.length);
    return guarded(this.#name, `overview of ${JSON.stringify(key)}`, () => {
      if (partCrc(this.#seed, key, bytes) !== stored.crc) throw new RangeError("the checksum is wrong");
      return decodeExtremes(entry.n, level, bytes);
    });
  }
}

/** The most bytes that a part may inflate to. Writers make far smaller ones. */
const MOST_BYTES = 65_536;

/**
 * Decodes the extremes of a series of `n` points from a part whose checksum is right. Throws an error of any kind for
 * other bytes.
 */
export function decodeExtremes(n: number, buckets: Level, part: Uint8Array): Extremes {
  const count = 2 * buckets + 2;
  const values = new Float64Array(count);
  const integers = unpack(part, values, 2 * count, 2 * count + 3 * buckets);
  const nans = (integers.length - 2 * count) / 3;
  const column = (i: number): Float64Array => integers.subarray(2 * count + i * nans, 2 * count + (i + 1) * nans);
  return {
    n,
    buckets,
    points: { steps: integers.subarray(0, count), times: integers.subarray(count, 2 * count), values },
    nans: { places: column(0), steps: column(1), times: column(2) },
  };
}

/**
 * Fills `values`, and returns the integers after them: `least`, or more by a multiple of 3, up to `most`.
 */
function unpack(part: Uint8Array, values: Float64Array, least: number, most: number): Float64Array {
  // A gzip member ends with the size of its content.
  const size = new DataView(part.buffer, part.byteOffset + part.length - 4, 4).getUint32(0, true);
  if (size > MOST_BYTES) throw new RangeError("a part is too large");
  const bytes = gunzip(part, size, true);
  const planes = 8 * values.length;
  joinPlanes(bytes.subarray(0, planes), values, 0, values.length);
  const page = bytes.subarray(planes);
  const count = countDeltas(page);
  if (count < least || count > most || (count - least) % 3 !== 0) throw new RangeError("a part has a wrong length");
  const integers = new Float64Array(count);
  decodeDelta(page, integers, 0, count);
  return integers;
}
