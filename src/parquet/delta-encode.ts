import type { ByteSink } from "./byte-sink.ts";
import type { Bounds } from "./statistics.ts";

const BLOCK = 128;
const MINIBLOCK = 32;
/** How far the base of a block may lie below its least difference. */
const SLACK = 64;

const differences = new Float64Array(BLOCK);
// A difference minus its base takes up to 55 bits: the lowest 24 are in `low`, the others in `high`.
const low = new Uint32Array(BLOCK);
const high = new Uint32Array(BLOCK);
let widest = 0;

/**
 * Writes safe integers as int64 in Parquet's DELTA_BINARY_PACKED. The bounds must be those of the values. Returns the
 * most bits that a difference takes.
 *
 * Differences below 256 take whole bytes even if fewer bits suffice, and successive blocks keep their base where they
 * can. Equal differences are then equal bytes, for which deflate finds shorter codes than for packed bits.
 */
export function encodeDeltas(values: Float64Array, { min, max }: Bounds, writer: ByteSink): number {
  widest = 0;
  writer.varint(BLOCK);
  writer.varint(BLOCK / MINIBLOCK);
  writer.varint(values.length);
  writer.zigzag(BigInt(values[0] ?? 0));
  // Enough for the widest differences, so that the sink does not replace its buffer below.
  writer.ensure((16 + 8 * BLOCK) * Math.ceil(values.length / BLOCK));
  const out = writer.room;
  // Within these bounds a float64 holds every difference of differences exactly.
  const exact = max - min <= 2 ** 52;
  let base = 0;
  for (let start = 1; start < values.length; start += BLOCK) {
    const count = Math.min(BLOCK, values.length - start);
    if (exact) base = putBlock(values, start, count, base, writer, out);
    else {
      subtractLarge(values, start, count, writer);
      packBlock(count, writer, out);
    }
  }
  return widest;
}

/** Writes a block of differences that a float64 holds exactly. Returns the base that the next block starts from. */
function putBlock(
  values: Float64Array,
  start: number,
  count: number,
  base: number,
  writer: ByteSink,
  out: Uint8Array,
): number {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let previous = values[start - 1]!;
  for (let i = 0; i < count; i++) {
    const value = values[start + i]!;
    const difference = value - previous;
    previous = value;
    differences[i] = difference;
    if (difference < least) least = difference;
    if (difference > most) most = difference;
  }
  if (least === most) {
    writeBase(least, writer);
    const at = writer.index;
    out.fill(0, at, at + BLOCK / MINIBLOCK);
    writer.index = at + BLOCK / MINIBLOCK;
    return base;
  }
  if (base > least || least - base > SLACK) base = least >= 0 && least <= SLACK ? 0 : least - SLACK / 4;
  writeBase(base, writer);
  if (most - base < 256) {
    if (widest < 8) widest = 8;
    const miniblocks = Math.ceil(count / MINIBLOCK);
    let at = writer.index;
    for (let i = 0; i < BLOCK / MINIBLOCK; i++) out[at++] = i < miniblocks ? 8 : 0;
    const end = at + miniblocks * MINIBLOCK;
    for (let i = 0; i < count; i++) out[at++] = differences[i]! - base;
    out.fill(0, at, end);
    writer.index = end;
    return base;
  }
  for (let i = 0; i < count; i++) {
    const rest = differences[i]! - base;
    low[i] = rest % 2 ** 24;
    high[i] = Math.floor(rest / 2 ** 24);
  }
  packBlock(count, writer, out);
  return base;
}

function writeBase(base: number, writer: ByteSink): void {
  writer.zigzag((base | 0) === base ? base : BigInt(base));
}

/**
 * Writes the least difference, and puts the others minus it into `low` and `high`. For differences that a float64
 * cannot hold.
 */
function subtractLarge(values: Float64Array, start: number, count: number, writer: ByteSink): void {
  const exact: bigint[] = [];
  let previous = BigInt(values[start - 1]!);
  let least: bigint | undefined;
  for (let i = 0; i < count; i++) {
    const value = BigInt(values[start + i]!);
    const difference = value - previous;
    previous = value;
    exact.push(difference);
    if (least === undefined || difference < least) least = difference;
  }
  writer.zigzag(least!);
  for (let i = 0; i < count; i++) {
    const rest = exact[i]! - least!;
    low[i] = Number(rest & 0xffffffn);
    high[i] = Number(rest >> 24n);
  }
}

function packBlock(count: number, writer: ByteSink, out: Uint8Array): void {
  const first = writer.index;
  let at = first + BLOCK / MINIBLOCK;
  out.fill(0, first, at);
  for (let start = 0; start < count; start += MINIBLOCK) {
    const end = Math.min(count, start + MINIBLOCK);
    let lows = 0;
    let highs = 0;
    for (let i = start; i < end; i++) {
      lows |= low[i]!;
      highs |= high[i]!;
    }
    const width = highs !== 0 ? 56 - Math.clz32(highs) : lows === 0 ? 0 : Math.max(8, 32 - Math.clz32(lows));
    out[first + start / MINIBLOCK] = width;
    if (width > widest) widest = width;
    const next = at + (MINIBLOCK / 8) * width;
    if (width === 8) for (let i = start; i < end; i++) out[at++] = low[i]!;
    else if (width > 0) at = packBits(start, end, width, out, at);
    out.fill(0, at, next);
    at = next;
  }
  writer.index = at;
}

function packBits(start: number, end: number, width: number, out: Uint8Array, at: number): number {
  let bits = 0;
  let count = 0;
  for (let i = start; i < end; i++) {
    const above = high[i]!;
    // At most 24 bits at a time, because up to 7 bits wait.
    for (let from = 0; from < width; from += 24) {
      bits |= (from === 0 ? low[i]! : from === 24 ? above & 0xffffff : above >>> 24) << count;
      count += Math.min(24, width - from);
      for (; count >= 8; count -= 8, bits >>>= 8) out[at++] = bits;
    }
  }
  if (count > 0) out[at++] = bits;
  return at;
}
