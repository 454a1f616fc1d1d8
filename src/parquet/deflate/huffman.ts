const sorted = new Uint32Array(286);
const weights = new Float64Array(2 * 286);
const parents = new Uint16Array(2 * 286);
const depths = new Uint8Array(2 * 286);

/**
 * Sets `lengths` to the lengths of a Huffman code for the symbols `0` to `counts.length - 1`, at most `limit` bits
 * each. A symbol that does not occur gets 0; a lone symbol gets one bit. Counts must be below 2^22.
 */
export function codeLengths(counts: Uint32Array, limit: number, lengths: Uint8Array): void {
  lengths.fill(0);
  let used = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    const count = counts[symbol]!;
    if (count > 0) sorted[used++] = count * 512 + symbol;
  }
  if (used < 2) {
    if (used === 1) lengths[sorted[0]! & 511] = 1;
    return;
  }
  sorted.subarray(0, used).sort();
  // Two queues, both in ascending weight: the leaves, and the sums made of them. The lightest node is at the front of
  // one.
  const last = 2 * used - 2;
  for (let i = 0; i < used; i++) weights[i] = sorted[i]! >>> 9;
  let leaf = 0;
  let sum = used;
  for (let next = used; next <= last; next++) {
    let weight = 0;
    for (let child = 0; child < 2; child++) {
      const lightest = leaf < used && (sum === next || weights[leaf]! <= weights[sum]!) ? leaf++ : sum++;
      weight += weights[lightest]!;
      parents[lightest] = next;
    }
    weights[next] = weight;
  }
  depths[last] = 0;
  // Kraft's inequality: measured in units of the longest code allowed, all codes together may take `room`.
  let room = 1 << limit;
  for (let i = last - 1; i >= 0; i--) {
    const depth = depths[parents[i]!]! + 1;
    depths[i] = depth;
    if (i < used) {
      const length = Math.min(depth, limit);
      lengths[sorted[i]! & 511] = length;
      room -= 1 << (limit - length);
    }
  }
  // Cutting codes to the limit may exceed the room: lengthen the rarest codes until they fit, then shorten what became
  // too long.
  for (let i = 0; room < 0; i = i + 1 === used ? 0 : i + 1) {
    const symbol = sorted[i]! & 511;
    const length = lengths[symbol]!;
    if (length < limit) {
      lengths[symbol] = length + 1;
      room += 1 << (limit - length - 1);
    }
  }
  for (let i = used - 1; room > 0 && i >= 0; i--) {
    const symbol = sorted[i]! & 511;
    for (let gain = 1 << (limit - lengths[symbol]!); gain <= room && lengths[symbol]! > 1; gain *= 2) {
      lengths[symbol]!--;
      room -= gain;
    }
  }
}

const nextCode = new Uint16Array(16);

/**
 * Sets `codes` to the canonical codes of these lengths, first bit lowest as deflate writes them: `code | length << 16`.
 */
export function assignCodes(lengths: Uint8Array, codes: Uint32Array): void {
  nextCode.fill(0);
  for (const length of lengths) if (length > 0) nextCode[length]!++;
  let code = 0;
  for (let bits = 1; bits < 16; bits++) {
    const count = nextCode[bits]!;
    nextCode[bits] = code;
    code = (code + count) << 1;
  }
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    let rest = length > 0 ? nextCode[length]!++ : 0;
    let reversed = 0;
    for (let bit = 0; bit < length; bit++, rest >>= 1) reversed = (reversed << 1) | (rest & 1);
    codes[symbol] = reversed | (length << 16);
  }
}
