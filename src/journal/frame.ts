import { crc32 } from "../bytes/crc32.ts";

/**
 * A frame is `length u32 | crc(length) u32 | payload | crc(payload) u32`, little-endian, both CRC-32 begun with the seed
 * of the segment. `length` counts the payload alone and is at least 1.
 */
export const FRAME_HEAD_BYTES = 8;
export const FRAME_OVERHEAD_BYTES = 12;
/** Largest payload. A greater length is taken for damage before anything is allocated. */
export const MAX_PAYLOAD_BYTES: number = 16 * 1024 * 1024;

/** Puts a frame around a payload given in parts, at `at`; returns the position after it. */
export function writeFrame(out: Uint8Array, at: number, parts: readonly Uint8Array[], seed: number): number {
  let length = 0;
  for (const part of parts) length += part.length;
  writeUint32(out, at, length);
  writeUint32(out, at + 4, crc32(out, at, at + 4, seed));
  let position = at + FRAME_HEAD_BYTES;
  const start = position;
  for (const part of parts) {
    out.set(part, position);
    position += part.length;
  }
  writeUint32(out, position, crc32(out, start, position, seed));
  return position + 4;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** The payload's length when the eight bytes at `at` are the head of a frame of this segment. */
export function readFrameHead(bytes: Uint8Array, at: number, seed: number): number | undefined {
  const length = readUint32(bytes, at);
  if (length === 0 || length > MAX_PAYLOAD_BYTES) return undefined;
  return readUint32(bytes, at + 4) === crc32(bytes, at, at + 4, seed) ? length : undefined;
}

/** Whether the payload of `length` bytes behind the head at `at` has the CRC that follows it. */
export function payloadIsIntact(bytes: Uint8Array, at: number, length: number, seed: number): boolean {
  const start = at + FRAME_HEAD_BYTES;
  return readUint32(bytes, start + length) === crc32(bytes, start, start + length, seed);
}
