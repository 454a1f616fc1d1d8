import { crc32 } from "../bytes/crc32.ts";

/**
 * A frame is `length u32 | crc(length) u32 | payload | crc(payload) u32`, little-endian. Both CRC-32 begin with the
 * seed of the segment. `length` counts only the payload, and is at least 1.
 */
export const FRAME_HEAD_BYTES = 8;
export const FRAME_OVERHEAD_BYTES = 12;
/** The largest payload. A greater length counts as damage before anything is allocated. */
export const MAX_PAYLOAD_BYTES: number = 16 * 1024 * 1024;

/** Writes a frame at `at`. The payload is given in parts. Returns the position after the frame. */
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

/** Returns the length of the payload if the eight bytes at `at` are the head of a frame of this segment. */
export function readFrameHead(bytes: Uint8Array, at: number, seed: number): number | undefined {
  const length = readUint32(bytes, at);
  if (length === 0 || length > MAX_PAYLOAD_BYTES) return undefined;
  return readUint32(bytes, at + 4) === crc32(bytes, at, at + 4, seed) ? length : undefined;
}

/** Returns whether the payload of `length` bytes after the head at `at` has the CRC that follows it. */
export function payloadIsIntact(bytes: Uint8Array, at: number, length: number, seed: number): boolean {
  const start = at + FRAME_HEAD_BYTES;
  return readUint32(bytes, start + length) === crc32(bytes, start, start + length, seed);
}
