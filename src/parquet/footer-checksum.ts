import { crc32 } from "../bytes/crc32.ts";
import type { Fields } from "./thrift-read.ts";

/**
 * The key of the footer's checksum in the footer's metadata. The checksum is eight hex digits, the CRC-32 of the
 * footer's bytes before those digits. Parquet itself has no checksum of footers. Without one, a flipped bit in the
 * statistics of a row group would hide its points, because readers skip a row group that its statistics exclude.
 */
export const FOOTER_CHECKSUM_KEY = "runledger.crc32";

/** Throws a RangeError if the footer has a checksum that is wrong. `entries` must be views into `footer`. */
export function checkFooter(footer: Uint8Array, entries: readonly Fields[]): void {
  for (const entry of entries) {
    if (entry.text(1) !== FOOTER_CHECKSUM_KEY) continue;
    const digits = entry.bytes(2);
    const crc = crc32(footer.subarray(0, digits.byteOffset - footer.byteOffset));
    if (entry.text(2) !== toDigits(crc)) throw new RangeError("the checksum is wrong");
  }
}

/** Returns the digits to write after the footer's `bytes` so far and after the byte with the number of digits. */
export function footerChecksum(bytes: Uint8Array): string {
  return toDigits(crc32(Uint8Array.of(8), 0, 1, crc32(bytes)));
}

function toDigits(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
