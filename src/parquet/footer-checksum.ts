import { crc32 } from "../bytes/crc32.ts";
import type { Fields } from "./thrift-read.ts";

/**
 * Key of the footer's metadata that holds its checksum: eight hex digits, the CRC-32 of everything of the footer before those
 * digits. Parquet has no checksum of footers, and a flipped bit in the statistics of a row group that is not read would
 * otherwise hide points.
 */
export const FOOTER_CHECKSUM_KEY = "runledger.crc32";

/** Throws a RangeError if the footer has a checksum and it is wrong. `entries` are views into `footer`. */
export function checkFooter(footer: Uint8Array, entries: readonly Fields[]): void {
  for (const entry of entries) {
    if (entry.text(1) !== FOOTER_CHECKSUM_KEY) continue;
    const digits = entry.bytes(2);
    const crc = crc32(footer.subarray(0, digits.byteOffset - footer.byteOffset));
    if (entry.text(2) !== toDigits(crc)) throw new RangeError("it has a wrong checksum");
  }
}

/** The digits that go behind the footer's `bytes` and the byte that says how many digits there are. */
export function footerChecksum(bytes: Uint8Array): string {
  return toDigits(crc32(Uint8Array.of(8), 0, 1, crc32(bytes)));
}

function toDigits(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
