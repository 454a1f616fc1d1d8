import { crc32 } from "./crc32.ts";

export const GZIP_HEADER = 10;
export const GZIP_TRAILER = 8;

/** Returns a gzip member (RFC 1952), without name and time, for `data` that was deflated to `deflated`. */
export function gzipMember(data: Uint8Array, deflated: Uint8Array): Uint8Array {
  return gzipMemberOf(deflated, crc32(data), data.length);
}

/**
 * Writes a header and a trailer around the deflated bytes in `out`, from {@link GZIP_HEADER} to `end`. Returns the
 * member's length.
 */
export function frameGzip(data: Uint8Array, out: Uint8Array, end: number): number {
  return frame(crc32(data), data.length, out, end);
}

/** Returns a gzip member for deflated bytes of a known checksum and size. */
export function gzipMemberOf(deflated: Uint8Array, crc: number, size: number): Uint8Array {
  const out = new Uint8Array(GZIP_HEADER + deflated.length + GZIP_TRAILER);
  out.set(deflated, GZIP_HEADER);
  frame(crc, size, out, GZIP_HEADER + deflated.length);
  return out;
}

function frame(crc: number, size: number, out: Uint8Array, end: number): number {
  // Method 8, no flags, no time, fastest, unknown system.
  out.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
  for (let i = 0; i < 4; i++) {
    out[end + i] = crc >>> (8 * i);
    out[end + 4 + i] = size >>> (8 * i);
  }
  return end + GZIP_TRAILER;
}
