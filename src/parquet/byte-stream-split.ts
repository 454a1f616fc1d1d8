import { LOW_WORD } from "./plain.ts";

/** The number of values split at a time. They stay in the first-level cache while each plane is written in one pass. */
const TURN = 1024;

/**
 * Writes `values` in Parquet's BYTE_STREAM_SPLIT: byte `k` of each value, counted from the lowest, goes to plane `k`.
 * The values are the rows from `row` on of a page of `rows` rows, which begins at `out[0]`.
 */
export function splitByteStreams(values: Float64Array, out: Uint8Array, row: number, rows: number): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let start = 0; start < values.length; start += TURN) {
    const count = Math.min(TURN, values.length - start);
    splitWords(words, 2 * start + LOW_WORD, count, out, row + start, rows);
    splitWords(words, 2 * start + (1 - LOW_WORD), count, out, row + start + 4 * rows, rows);
  }
}

/** Writes four planes of `count` words: every second word from `first` on. */
function splitWords(words: Uint32Array, first: number, count: number, out: Uint8Array, at: number, rows: number): void {
  const end = first + 2 * count;
  const head = words[first]!;
  let differing = 0;
  for (let i = first; i < end; i += 2) differing |= words[i]! ^ head;
  for (let shift = 0; shift < 32; shift += 8, at += rows) {
    if (((differing >>> shift) & 255) === 0) {
      // Common: numbers that fit in a float32 or a small integer leave most planes constant.
      out.fill(head >>> shift, at, at + count);
      continue;
    }
    let to = at;
    for (let i = first; i < end; i += 2) out[to++] = words[i]! >>> shift;
  }
}

/** Joins the eight planes of BYTE_STREAM_SPLIT doubles into `out[at, at + count)` and keeps every bit. */
export function joinPlanes(planes: Uint8Array, out: Float64Array, at: number, count: number): void {
  if (planes.length !== count * 8) throw new RangeError("the page is malformed");
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length * 2);
  joinHalf(planes, 0, count, words, at * 2 + LOW_WORD);
  joinHalf(planes, 4 * count, count, words, at * 2 + 1 - LOW_WORD);
}

/** Joins the four planes of `count` bytes from `p0` into every second word from `at` on. */
function joinHalf(planes: Uint8Array, p0: number, count: number, words: Uint32Array, at: number): void {
  const view = new DataView(planes.buffer, planes.byteOffset, planes.byteLength);
  const [p1, p2, p3] = [p0 + count, p0 + 2 * count, p0 + 3 * count];
  let i = 0;
  // Four values at a time, by transposing a square of four words: three times as fast as byte by byte.
  for (const end = count - 3; i < end; i += 4, at += 8) {
    const a = view.getInt32(p0 + i, true);
    const b = view.getInt32(p1 + i, true);
    const c = view.getInt32(p2 + i, true);
    const d = view.getInt32(p3 + i, true);
    const even01 = (a & 0x00ff00ff) | ((b & 0x00ff00ff) << 8);
    const even23 = (c & 0x00ff00ff) | ((d & 0x00ff00ff) << 8);
    const odd01 = ((a >>> 8) & 0x00ff00ff) | (b & 0xff00ff00);
    const odd23 = ((c >>> 8) & 0x00ff00ff) | (d & 0xff00ff00);
    words[at] = (even01 & 0xffff) | (even23 << 16);
    words[at + 2] = (odd01 & 0xffff) | (odd23 << 16);
    words[at + 4] = (even01 >>> 16) | (even23 & 0xffff0000);
    words[at + 6] = (odd01 >>> 16) | (odd23 & 0xffff0000);
  }
  for (; i < count; i++, at += 2) {
    words[at] = planes[p0 + i]! | (planes[p1 + i]! << 8) | (planes[p2 + i]! << 16) | (planes[p3 + i]! << 24);
  }
}
