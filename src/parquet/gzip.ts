import { GZIP_HEADER, GZIP_TRAILER, frameGzip } from "../bytes/gzip-member.ts";
import { deflateBound, type RunDeflate } from "./run-deflate.ts";

/** Returns the most bytes a gzip member takes of `length` bytes deflated in so many parts. */
export function gzipBound(length: number, parts: number): number {
  return GZIP_HEADER + GZIP_TRAILER + deflateBound(length, parts);
}

/** Writes `data` as a gzip member without name and time to `out`, and returns its length. */
export function gzip(deflate: RunDeflate, data: Uint8Array, parts: readonly number[], out: Uint8Array): number {
  return frameGzip(data, out, deflate.deflate(data, parts, out, GZIP_HEADER));
}
