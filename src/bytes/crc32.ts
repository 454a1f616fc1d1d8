import { builtinModule } from "../platform/builtin-module.ts";

/**
 * For at least this many bytes, the platform's own CRC-32 is used if it has one. For 64 KiB it takes a third of the
 * time, or a thirtieth before this code is compiled.
 */
const NATIVE_FROM_BYTES = 4096;

/** `crc32` of `node:zlib`, which Node has since 20.15. */
type NativeCrc32 = (bytes: Uint8Array, before: number) => number;

let native: NativeCrc32 | false | undefined;

// Slicing by eight: eight tables let the loop consume eight bytes at a time. The polynomial is 0xEDB88320, as in gzip.
// The tables share one array, and a DataView reads words, because eight arrays and single bytes take 1.6 times as long.
const tables: Int32Array = /* @__PURE__ */ makeTables();

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    made[byte] = value;
  }
  for (let i = 256; i < made.length; i++) {
    const value = made[i - 256] as number;
    made[i] = (value >>> 8) ^ (made[value & 255] as number);
  }
  return made;
}

/** Returns the CRC-32 (ISO-HDLC) of `bytes[start, end)`, continued from `seed`, as an unsigned 32-bit number. */
export function crc32(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  if (end - start >= NATIVE_FROM_BYTES) {
    native ??= builtinModule<{ crc32?: NativeCrc32 }>("node:zlib")?.crc32 ?? false;
    if (native) return native(bytes.subarray(start, end), seed);
  }
  return ~update(~seed, bytes, start, end) >>> 0;
}

/**
 * Continues a CRC-32. Uses only signed 32-bit numbers, because V8 deoptimizes the running loop when an unsigned one
 * enters it.
 */
function update(before: number, bytes: Uint8Array, start: number, end: number): number {
  const t = tables;
  let crc = before | 0;
  let i = start;
  if (end - start >= 8) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const stop = end - 7; i < stop; i += 8) {
      const low = crc ^ view.getInt32(i, true);
      const high = view.getInt32(i + 4, true);
      crc =
        t[1792 + (low & 255)]! ^
        t[1536 + ((low >>> 8) & 255)]! ^
        t[1280 + ((low >>> 16) & 255)]! ^
        t[1024 + (low >>> 24)]! ^
        t[768 + (high & 255)]! ^
        t[512 + ((high >>> 8) & 255)]! ^
        t[256 + ((high >>> 16) & 255)]! ^
        t[high >>> 24]!;
    }
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]!) & 255]!;
  return crc;
}
