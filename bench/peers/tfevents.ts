import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { LogCall } from "../workloads.ts";

const BUFFER_BYTES = 64 * 1024;
/** Record header, event and footer without the tag. */
const MOST_BYTES = 64;

/**
 * A TensorBoard event file: an event a value, as its own writers make them, 64 KiB at a time. Lossy: a value is a float32
 * there, and a time in s.
 */
export function writeTfevents(calls: readonly LogCall[], directory: string): { nanoseconds: number; bytes: number } {
  const path = join(directory, "events.out.tfevents.0.bench");
  const file = openSync(path, "ax");
  const buffer = new Uint8Array(BUFFER_BYTES);
  const view = new DataView(buffer.buffer);
  const tags = new Map<string, Uint8Array>();
  const start = process.hrtime.bigint();
  let end = putRecord(buffer, view, 0, (at) => putFileVersion(buffer, view, at, (calls[0]?.at.time ?? 0) / 1000));
  for (const { metrics, at: position } of calls) {
    const seconds = position.time / 1000;
    for (const key in metrics) {
      let tag = tags.get(key);
      if (tag === undefined) tags.set(key, (tag = new TextEncoder().encode(key)));
      if (end + MOST_BYTES + tag.length > BUFFER_BYTES) {
        writeSync(file, buffer, 0, end);
        end = 0;
      }
      const value = metrics[key] as number;
      end = putRecord(buffer, view, end, (at) => putScalar(buffer, view, at, seconds, position.step, tag, value));
    }
  }
  writeSync(file, buffer, 0, end);
  const nanoseconds = Number(process.hrtime.bigint() - start);
  closeSync(file);
  return { nanoseconds, bytes: statSync(path).size };
}

/** TFRecord: uint64 length, masked CRC-32C of it, payload, masked CRC-32C of that. */
function putRecord(buffer: Uint8Array, view: DataView, at: number, payload: (at: number) => number): number {
  const begin = at + 12;
  const end = payload(begin);
  view.setUint32(at, end - begin, true);
  view.setUint32(at + 4, 0, true);
  view.setUint32(at + 8, maskedCrc32c(buffer, at, at + 8), true);
  view.setUint32(end, maskedCrc32c(buffer, begin, end), true);
  return end + 4;
}

/** `Event { double wall_time = 1; string file_version = 3 }`. */
function putFileVersion(buffer: Uint8Array, view: DataView, at: number, seconds: number): number {
  const version = new TextEncoder().encode("brain.Event:2");
  at = putWallTime(buffer, view, at, seconds);
  buffer[at++] = 0x1a;
  buffer[at++] = version.length;
  buffer.set(version, at);
  return at + version.length;
}

/** `Event { wall_time = 1; int64 step = 2; Summary summary = 5 { Value value = 1 { string tag = 1; float simple_value = 2 } } }`. */
function putScalar(
  buffer: Uint8Array,
  view: DataView,
  at: number,
  seconds: number,
  step: number,
  tag: Uint8Array,
  value: number,
): number {
  at = putWallTime(buffer, view, at, seconds);
  if (step !== 0) {
    buffer[at++] = 0x10;
    at = putVarint(buffer, at, step);
  }
  const valueLength = 1 + varintLength(tag.length) + tag.length + 5;
  buffer[at++] = 0x2a;
  at = putVarint(buffer, at, 1 + varintLength(valueLength) + valueLength);
  buffer[at++] = 0x0a;
  at = putVarint(buffer, at, valueLength);
  buffer[at++] = 0x0a;
  at = putVarint(buffer, at, tag.length);
  buffer.set(tag, at);
  at += tag.length;
  buffer[at++] = 0x15;
  view.setFloat32(at, value, true);
  return at + 4;
}

function putWallTime(buffer: Uint8Array, view: DataView, at: number, seconds: number): number {
  buffer[at] = 0x09;
  view.setFloat64(at + 1, seconds, true);
  return at + 9;
}

function putVarint(buffer: Uint8Array, at: number, value: number): number {
  for (; value >= 128; value = Math.floor(value / 128)) buffer[at++] = (value % 128) | 0x80;
  buffer[at++] = value;
  return at;
}

function varintLength(value: number): number {
  return value < 128 ? 1 : 1 + varintLength(Math.floor(value / 128));
}

/** CRC-32C, eight bytes at a time: table t is for a byte that t more follow. */
const table = (): Uint32Array => new Uint32Array(256);
const TABLES = [table(), table(), table(), table(), table(), table(), table(), table()] as const;
for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  TABLES[0][i] = crc;
}
for (let i = 0; i < 256; i++) {
  for (let t = 1; t < 8; t++) {
    const before = TABLES[t - 1]![i]!;
    TABLES[t]![i] = (before >>> 8) ^ TABLES[0][before & 255]!;
  }
}

function maskedCrc32c(bytes: Uint8Array, from: number, to: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  let crc = 0xffffffff;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    crc =
      t7[(crc ^ bytes[at]!) & 255]! ^
      t6[((crc >>> 8) ^ bytes[at + 1]!) & 255]! ^
      t5[((crc >>> 16) ^ bytes[at + 2]!) & 255]! ^
      t4[((crc >>> 24) ^ bytes[at + 3]!) & 255]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 255]!;
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
