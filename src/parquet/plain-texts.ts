/** The UTF-8 of `count` PLAIN strings: views, not copies. Throws a RangeError if the bytes hold anything else. */
export function* plainTexts(bytes: Uint8Array, count: number): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const length = view.getUint32(at, true);
    at += 4;
    if (length > bytes.length - at) throw new RangeError("the page is malformed");
    yield bytes.subarray(at, at + length);
    at += length;
  }
  if (at !== bytes.length) throw new RangeError("the page is malformed");
}
