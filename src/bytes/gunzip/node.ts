import { gunzipSync, gzipSync, inflateRawSync } from "node:zlib";
import type { Member } from "./gunzip.ts";

/** Inflates a gzip member with `node:zlib`, which checks CRC and length itself. */
export function gunzip(member: Uint8Array, size: number, isChecked = false): Uint8Array {
  // Larger than needed, because zlib starts another chunk, and joins them, when one is exactly full.
  const options = { maxOutputLength: Math.max(1, size), chunkSize: size + 64 };
  // Its header has no name or other optional field.
  const isPlain = isChecked && member.length > HEADER + TRAILER && member[3] === 0;
  const bytes = isPlain
    ? inflateRawSync(member.subarray(HEADER, member.length - TRAILER), options)
    : gunzipSync(member, options);
  if (bytes.length !== size) throw new RangeError(`gzip holds ${bytes.length} bytes, not ${size}`);
  return bytes;
}

/** The number of bytes before and after the deflated data. */
const HEADER = 10;
const TRAILER = 8;

/** Inflates all members in one call, because a call takes as long as inflating 16 kB. */
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

/** Takes half the time of the default level, and gives results that are a tenth larger. */
const LEVEL = 4;

export function gzip(bytes: Uint8Array, isStored = false): Uint8Array {
  return gzipSync(bytes, { level: isStored ? 0 : LEVEL });
}
