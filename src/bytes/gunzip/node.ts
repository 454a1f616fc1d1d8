import { gunzipSync, gzipSync, inflateRawSync } from "node:zlib";
import type { Member } from "./gunzip.ts";

/** Gunzip by `node:zlib`, which checks CRC and length itself. */
export function gunzip(member: Uint8Array, size: number, isChecked = false): Uint8Array {
  // A chunk with room to spare: one that is just full makes zlib start, and join, another.
  const options = { maxOutputLength: Math.max(1, size), chunkSize: size + 64 };
  // Without a name or the like in its header.
  const isPlain = isChecked && member.length > HEADER + TRAILER && member[3] === 0;
  const bytes = isPlain
    ? inflateRawSync(member.subarray(HEADER, member.length - TRAILER), options)
    : gunzipSync(member, options);
  if (bytes.length !== size) throw new RangeError(`gzip holds ${bytes.length} bytes, not ${size}`);
  return bytes;
}

/** Bytes before the deflated data and behind it. */
const HEADER = 10;
const TRAILER = 8;

/** As one file of several members: each call takes as long as inflating 16 kB. */
export function gunzipAll(members: readonly Member[]): Uint8Array[] {
  if (members.length === 0) return [];
  const all = new Uint8Array(members.reduce((sum, { gzip }) => sum + gzip.length, 0));
  let end = 0;
  for (const { gzip } of members) {
    all.set(gzip, end);
    end += gzip.length;
  }
  const bytes = gunzip(
    all,
    members.reduce((sum, { size }) => sum + size, 0),
  );
  let at = 0;
  return members.map(({ size }) => bytes.subarray(at, (at += size)));
}

/** Twice as fast as the default level, and a tenth larger. */
const LEVEL = 4;

export function gzip(bytes: Uint8Array, isStored = false): Uint8Array {
  return gzipSync(bytes, { level: isStored ? 0 : LEVEL });
}
