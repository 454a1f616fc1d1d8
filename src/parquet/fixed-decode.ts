/** Where the low half of a float64 is in a Uint32Array on it: 0, or 1 on the rare big-endian machine. */
const LOW: number = /* @__PURE__ */ lowHalf();

function lowHalf(): number {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;
}

/** Joins the eight planes of BYTE_STREAM_SPLIT doubles into `out[at, at + count)`, every bit as it was. */
export function joinPlanes(planes: Uint8Array, out: Float64Array, at: number, count: number): void {
  checkSize(planes, count);
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length * 2);
  joinHalf(planes, 0, count, words, at * 2 + LOW);
  joinHalf(planes, 4 * count, count, words, at * 2 + 1 - LOW);
}

/** Joins the four planes of `count` bytes from `p0` into every second word from `at`. */
function joinHalf(planes: Uint8Array, p0: number, count: number, words: Uint32Array, at: number): void {
  const view = new DataView(planes.buffer, planes.byteOffset, planes.byteLength);
  const [p1, p2, p3] = [p0 + count, p0 + 2 * count, p0 + 3 * count];
  let i = 0;
  // Four values at a time, turning a square of four words over: three times as fast as byte by byte.
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

/** Copies PLAIN doubles into `out[at, at + count)`, every bit as it was. */
export function decodePlainDoubles(bytes: Uint8Array, out: Float64Array, at: number, count: number): void {
  checkSize(bytes, count);
  if (LOW === 0) {
    new Uint8Array(out.buffer, out.byteOffset + at * 8, count * 8).set(bytes);
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length * 2);
  for (let i = 0; i < count; i++) {
    // As integers: a float64 on the way may lose the payload of a NaN.
    words[(at + i) * 2 + LOW] = view.getUint32(i * 8, true);
    words[(at + i) * 2 + 1 - LOW] = view.getUint32(i * 8 + 4, true);
  }
}

/** Decodes PLAIN int64 into `out[at, at + count)`. Throws a RangeError for one that is no safe integer. */
export function decodePlainIntegers(bytes: Uint8Array, out: Float64Array, at: number, count: number): void {
  checkSize(bytes, count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) {
    const value = view.getInt32(i * 8 + 4, true) * 2 ** 32 + view.getUint32(i * 8, true);
    if (!Number.isSafeInteger(value)) throw new RangeError("an integer is beyond 2^53");
    out[at + i] = value;
  }
}

function checkSize(bytes: Uint8Array, count: number): void {
  if (bytes.length !== count * 8) throw new RangeError("the page is malformed");
}
