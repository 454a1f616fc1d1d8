import { deflateSync, gunzipSync } from "fflate";
import { crc32 } from "../crc32.ts";
import { gzipMember } from "../gzip-member.ts";
import type { Member } from "./gunzip.ts";

/** Gunzip in plain JavaScript. fflate compares neither CRC nor length with the trailer, so that is done here. */
export function gunzip(member: Uint8Array, size: number, isChecked = false): Uint8Array {
  const trailer = member.length - 8;
  if (trailer < 10) throw new RangeError("gzip ends early");
  // Given a buffer, fflate does not grow it, so a member that lies about its length costs no memory. What is left of the
  // buffer stays zero, and what is too much is cut off: the CRC below notices either, of a member that is not
  // checked.
  const out = new Uint8Array(size);
  const bytes = gunzipSync(member, { out });
  const view = new DataView(member.buffer, member.byteOffset + trailer, 8);
  if (bytes.length !== size || view.getUint32(4, true) !== size)
    throw new RangeError(`gzip does not hold ${size} bytes`);
  if (!isChecked && crc32(bytes) !== view.getUint32(0, true)) throw new RangeError("gzip has a wrong checksum");
  return bytes;
}

export function gunzipAll(members: readonly Member[]): Uint8Array[] {
  return members.map((member) => gunzip(member.gzip, member.size));
}

export function gzip(bytes: Uint8Array, isStored = false): Uint8Array {
  return gzipMember(bytes, deflateSync(bytes, { level: isStored ? 0 : 4 }));
}
