import { deflateSync, gunzipSync } from "fflate";
import { crc32 } from "../crc32.ts";
import { gzipMember } from "../gzip-member.ts";
import type { Member } from "./gunzip.ts";

/** Inflates a gzip member in plain JavaScript. Checks CRC and length, because fflate does not. */
export function gunzip(member: Uint8Array, size: number, isChecked = false): Uint8Array {
  const trailer = member.length - 8;
  if (trailer < 10) throw new RangeError("gzip ends early");
  // fflate does not grow a given buffer, so a member that states a wrong length costs no memory. If the member holds
  // fewer bytes, the rest stays zero; if it holds more, they are cut off. The CRC below detects both, unless the member
  // is checked.
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
