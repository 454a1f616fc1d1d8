// The two halves of a float64 as 32-bit words: which comes first is the platform's order, found out once.
const LOW: number = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;
/** Values a turn, so that they stay in the first-level cache while each plane is written in one go. */
const TURN = 1024;

/**
 * Parquet's BYTE_STREAM_SPLIT: the bytes `k` of all values, lowest first, form plane `k`. Writes `values` as the rows from
 * `row` on of a page of `rows`, which begins at `out[0]`.
 */
export function splitByteStreams(values: Float64Array, out: Uint8Array, row: number, rows: number): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let start = 0; start < values.length; start += TURN) {
    const count = Math.min(TURN, values.length - start);
    splitWords(words, 2 * start + LOW, count, out, row + start, rows);
    splitWords(words, 2 * start + (1 - LOW), count, out, row + start + 4 * rows, rows);
  }
}

/** Four planes of `count` words, every other from `first` on. */
function splitWords(words: Uint32Array, first: number, count: number, out: Uint8Array, at: number, rows: number): void {
  const end = first + 2 * count;
  const head = words[first]!;
  let differing = 0;
  for (let i = first; i < end; i += 2) differing |= words[i]! ^ head;
  for (let shift = 0; shift < 32; shift += 8, at += rows) {
    if (((differing >>> shift) & 255) === 0) {
      // Most planes of numbers that are float32 or integers at heart.
      out.fill(head >>> shift, at, at + count);
      continue;
    }
    let to = at;
    for (let i = first; i < end; i += 2) out[to++] = words[i]! >>> shift;
  }
}
