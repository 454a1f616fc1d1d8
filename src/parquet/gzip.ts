import { crc32 } from "../backend/crc32.ts";
import { deflateBound, type RunDeflate } from "./run-deflate.ts";

const HEADER = 10;
const TRAILER = 8;

/** The most bytes a gzip member takes of `length` bytes deflated in so many parts. */
export function gzipBound(length: number, parts: number): number {
  return HEADER + TRAILER + deflateBound(length, parts);
}

/** Writes `data` as a gzip member without name and time to `out`, and returns its length. */
export function gzip(deflate: RunDeflate, data: Uint8Array, parts: readonly number[], out: Uint8Array): number {
  return wrap(data, out, deflate.deflate(data, parts, out, HEADER));
}

/** As {@link gzip}, of data deflated elsewhere. */
export function gzipOf(data: Uint8Array, deflated: Uint8Array): Uint8Array {
  const out = new Uint8Array(HEADER + deflated.length + TRAILER);
  out.set(deflated, HEADER);
  wrap(data, out, HEADER + deflated.length);
  return out;
}

function wrap(data: Uint8Array, out: Uint8Array, end: number): number {
  // Method 8, no flags, no time, fastest, unknown system.
  out.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
  const crc = crc32(data);
  for (let i = 0; i < 4; i++) {
    out[end + i] = crc >>> (8 * i);
    out[end + 4 + i] = data.length >>> (8 * i);
  }
  return end + TRAILER;
}
