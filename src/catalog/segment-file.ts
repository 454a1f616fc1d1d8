import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { MAGIC } from "../parquet/thrift-enums.ts";
import { directorySize } from "./segment-directory.ts";
import { MAX_FOOTER_BYTES } from "./segment-limits.ts";
import type { SegmentName } from "./segment-name.ts";

/** The number of bytes first read from the end of a segment. A small segment is read whole. */
const TAIL_BYTES = 262_144;
/** The length of the footer and magic. */
const END_BYTES = 8;

/** The bytes of an object from `start` up to but not including `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A part of a segment in memory. */
interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/**
 * The bytes of a segment. Its end is in memory; the rest is read when it is needed. Throws a RangeError for a file that
 * is not a segment.
 */
export class SegmentFile {
  readonly name: SegmentName;
  readonly directory: Piece;
  readonly #tail: Piece;

  private constructor(name: SegmentName, directory: Piece, tail: Piece) {
    this.name = name;
    this.directory = directory;
    this.#tail = tail;
  }

  static async open(backend: Backend, name: SegmentName, signal: AbortSignal | undefined): Promise<SegmentFile> {
    let tail = await readTail(backend, name, TAIL_BYTES, signal);
    let end = directoryEnd(tail, name);
    if (end - 8 < tail.start) {
      tail = await readTail(backend, name, name.size - end + TAIL_BYTES, signal);
      end = directoryEnd(tail, name);
    }
    const size = directorySize(tail.bytes.subarray(0, end - tail.start));
    if (size > Math.min(end, MAX_FOOTER_BYTES)) throw new RangeError("its directory has an impossible length");
    const start = end - size;
    if (start < tail.start) tail = await readTail(backend, name, name.size - start, signal);
    return new SegmentFile(name, { start, bytes: tail.bytes.subarray(start - tail.start, end - tail.start) }, tail);
  }

  /**
   * Reads ranges, with at most `most` requests to an object store. Returns a function that returns the bytes of each
   * range.
   */
  async read(
    backend: Backend,
    ranges: readonly Range[],
    most: number,
    signal: AbortSignal | undefined,
  ): Promise<(range: Range) => Uint8Array> {
    const outside = ranges.filter(({ start }) => start < this.#tail.start);
    // A backend that can append is near. There, reading the gaps would cost more than another request.
    const planned = planRanges(outside, backend.capabilities.append ? Number.POSITIVE_INFINITY : most);
    const pieces: Piece[] = await Promise.all(
      planned.map(async (range) => ({ start: range.start, bytes: await read(backend, this.name, range, signal) })),
    );
    pieces.push(this.#tail);
    return ({ start, end }) => {
      const piece = pieces.find((each) => each.start <= start && end <= each.start + each.bytes.length);
      if (piece === undefined) throw new RangeError("it is malformed");
      return piece.bytes.subarray(start - piece.start, end - piece.start);
    };
  }
}

/** A gap of up to this many bytes is read, too, because another request would take longer. */
const NEAR_BYTES = 65_536;

/**
 * Returns at most `most` ranges that cover all of `wanted`. Joins ranges near each other, then those with the smallest
 * gaps.
 */
function planRanges(wanted: readonly Range[], most: number): Range[] {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of wanted.toSorted((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last !== undefined && start - last.end <= NEAR_BYTES) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  const gaps = joined
    .slice(1)
    .map(({ start }, i) => ({ at: i + 1, bytes: start - joined[i]!.end }))
    .sort((a, b) => b.bytes - a.bytes || a.at - b.at);
  const kept = new Set(gaps.slice(0, Math.max(0, most - 1)).map(({ at }) => at));
  return joined.reduce<{ start: number; end: number }[]>((ranges, range, i) => {
    const last = ranges.at(-1);
    if (last === undefined || kept.has(i)) ranges.push({ ...range });
    else last.end = range.end;
    return ranges;
  }, []);
}

async function readTail(
  backend: Backend,
  name: SegmentName,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Piece> {
  const start = Math.max(0, name.size - length);
  return { start, bytes: await read(backend, name, { start, end: name.size }, signal) };
}

/** Returns where the directory ends and the footer begins. */
function directoryEnd({ bytes }: Piece, { size }: SegmentName): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(bytes.length - 4, true) !== MAGIC) throw new RangeError("it is not a Parquet file");
  const end = size - END_BYTES - view.getUint32(bytes.length - END_BYTES, true);
  if (end < Math.max(END_BYTES, size - MAX_FOOTER_BYTES)) throw new RangeError("its footer has an impossible length");
  return end;
}

async function read(
  backend: Backend,
  { key }: SegmentName,
  { start, end }: Range,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const length = end - start;
  const bytes = await backend.read(key, { range: { offset: start, length }, ...(signal && { signal }) });
  if (bytes.length !== length) throw new RangeError("it is shorter than its listed size");
  return bytes;
}

/**
 * Returns the result of `work`. Throws errors of the backend unchanged, and `CORRUPT` for every other error, because
 * then the bytes are not those of a segment.
 */
export async function orCorrupt<T>(key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (signal?.aborted || (LedgerError.is(cause) && cause.code !== "CORRUPT")) throw cause;
    throw corrupt(key, cause);
  }
}

export function corrupt(key: string, cause: unknown): LedgerError {
  return new LedgerError("CORRUPT", `${key} is damaged: ${(cause as Error).message}`, { key, cause });
}
