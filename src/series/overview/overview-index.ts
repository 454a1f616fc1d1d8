import { utf8Decoder, utf8Encoder } from "../../bytes/utf8.ts";
import { crc32 } from "../../bytes/crc32.ts";
import { parseJson } from "../../bytes/parse-json.ts";
import { BUCKETS } from "./buckets.ts";

/** "RLOVERV", version 1. */
const MAGIC = 0x524c4f5645525601n;

/** The trailer: the index's length, the CRC-32 of everything before, the magic. */
const TRAILER_BYTES = 16;
/** The most bytes of a part. Writers make far smaller ones. */
const MOST_BYTES = 65_536;
/** The most series in an object. Writers store no overviews of further series. */
export const MAX_SERIES = 400_000;
/** The most bytes of an object's index. */
export const MAX_INDEX_BYTES: number = 64 * 1024 * 1024;
/**
 * The most parts of a series. Writers make two. Objects of earlier versions have a third, which nothing reads.
 */
const MOST_PARTS = 3;
/** A row of the index is at most ten JSON values. */
const LIMITS = { chars: MAX_INDEX_BYTES, values: 10 * MAX_SERIES + 1 };

/** What the index states about a series: the number of points, then the length and CRC-32 of each part. */
export type IndexRow = readonly number[];

/** Where the overview of a series is in the object. */
export interface IndexEntry {
  readonly n: number;
  readonly parts: readonly PartEntry[];
}

export interface PartEntry {
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

/** Names an object of overviews. `name` is its key below the run. */
export interface OverviewPlace {
  readonly runId: string;
  readonly name: string;
}

/** Returns the seed of an object's checksums, so that no object of another run or compaction passes for it. */
export function overviewSeed({ runId, name }: OverviewPlace): number {
  return crc32(utf8Encoder().encode(`${runId}/${name}`));
}

/** Returns the CRC-32 of a part. It includes the series' key, so that no part passes for one of another series. */
export function partCrc(seed: number, key: string, part: Uint8Array): number {
  const text = utf8Encoder().encode(`/${key}`);
  return crc32(part, 0, part.length, crc32(text, 0, text.length, seed));
}

/** Returns the end of the object: the index and the trailer. Rows must be in the order of their blocks. */
export function encodeIndex(rows: ReadonlyMap<string, IndexRow>, seed: number): Uint8Array {
  const index = utf8Encoder().encode(JSON.stringify([...rows]));
  const { length } = index;
  const bytes = new Uint8Array(length + TRAILER_BYTES);
  bytes.set(index);
  const view = new DataView(bytes.buffer);
  view.setUint32(length, length, true);
  view.setUint32(length + 4, crc32(bytes, 0, length + 4, seed), true);
  view.setBigUint64(length + 8, MAGIC);
  return bytes;
}

/** Returns the length of index and trailer. Throws a RangeError unless `end` is the end of an object of this size. */
export function decodeTrailer(end: Uint8Array, size: number): number {
  const view = new DataView(end.buffer, end.byteOffset + end.length - TRAILER_BYTES);
  if (view.getBigUint64(8) !== MAGIC) throw new RangeError("it does not end like an overview");
  const length = view.getUint32(0, true) + TRAILER_BYTES;
  if (length > Math.min(size, MAX_INDEX_BYTES)) throw new RangeError("its index has an impossible length");
  return length;
}

/** Decodes the index. `bytes` are the index and the trailer. Throws an error of any kind if they are invalid. */
export function decodeIndex(bytes: Uint8Array, size: number, seed: number): Map<string, IndexEntry> {
  const end = bytes.length - TRAILER_BYTES;
  const crc = new DataView(bytes.buffer, bytes.byteOffset + end).getUint32(4, true);
  if (crc !== crc32(bytes, 0, end + 4, seed)) throw new RangeError("its checksum is wrong");
  const text = utf8Decoder({ fatal: true }).decode(bytes.subarray(0, end));
  let offset = 0;
  const entries = new Map<string, IndexEntry>();
  for (const [key, row] of parseJson(text, LIMITS) as [string, number[]][]) {
    const parts: PartEntry[] = [];
    for (let i = 1; i < Math.min(row.length, 2 * MOST_PARTS + 1); i += 2) {
      const length = row[i]!;
      parts.push({ offset, length, crc: row[i + 1]! });
      offset += length;
    }
    const isSound = row.every(
      (number, i) => Number.isSafeInteger(number) && number >= 0 && (i % 2 === 0 || number <= MOST_BYTES),
    );
    const hasParts = row.length === 5 || row.length === 2 * MOST_PARTS + 1;
    if (!isSound || !hasParts || row[0]! <= BUCKETS || typeof key !== "string" || entries.has(key))
      throw new RangeError("the row of a series is invalid");
    entries.set(key, { n: row[0]!, parts });
  }
  if (offset + bytes.length !== size) throw new RangeError("its blocks do not end where it begins");
  return entries;
}
