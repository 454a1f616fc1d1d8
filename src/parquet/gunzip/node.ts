import { gunzipSync, gzipSync } from "node:zlib";

/** Gunzip by `node:zlib`, which checks CRC and length itself. */
export function gunzip(member: Uint8Array, size: number): Uint8Array {
  // A chunk with room to spare: one that is just full makes zlib start, and join, another.
  const bytes = gunzipSync(member, { maxOutputLength: Math.max(1, size), chunkSize: size + 64 });
  if (bytes.length !== size) throw new RangeError(`gzip holds ${bytes.length} bytes, not ${size}`);
  return bytes;
}

/** Twice as fast as the default level, and a tenth larger. */
const LEVEL = 4;

export function gzip(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: LEVEL });
}
