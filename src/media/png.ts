import { Zlib } from "fflate";
import { crc32 } from "../bytes/crc32.ts";
import { builtinModule } from "../platform/builtin-module.ts";
import { breakIfDue } from "../platform/event-loop.ts";

/** Pixels with 8 bits a channel, row by row. */
export interface PngPixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}

/** The members of `node:zlib` that are used. */
interface NodeZlib {
  deflate(
    bytes: Uint8Array,
    options: { readonly chunkSize: number },
    done: (error: Error | null, deflated: Uint8Array) => void,
  ): void;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** By the number of channels: grey, grey and alpha, red, green and blue, and these with alpha. */
const COLOUR_TYPES = [0, 0, 4, 2, 6];
/** Bytes of the length, the name and the checksum of a chunk. */
const FRAME = 12;
const HEADER_BYTES = 13;
/** The number of bytes that are copied and checked in a millisecond or two, and deflated in several. */
const PIECE_BYTES = 1024 * 1024;
const DEFLATED_PIECE_BYTES = 64 * 1024;

/** Returns a PNG of the pixels. On one platform, the same pixels give the same bytes. Other work goes on meanwhile. */
export async function encodePng({ data, width, height, channels }: PngPixels): Promise<Uint8Array> {
  const deflated = await deflate(await toScanlines(data, height, width * channels));
  const pieces = Math.ceil(deflated.length / PIECE_BYTES);
  const png = new Uint8Array(SIGNATURE.length + (pieces + 2) * FRAME + HEADER_BYTES + deflated.length);
  png.set(SIGNATURE);
  const header = new Uint8Array([...bigEndian(width), ...bigEndian(height), 8, COLOUR_TYPES[channels]!, 0, 0, 0]);
  let at = writeChunk(png, SIGNATURE.length, "IHDR", header);
  for (let start = 0; start < deflated.length; start += PIECE_BYTES) {
    at = writeChunk(png, at, "IDAT", deflated.subarray(start, start + PIECE_BYTES));
    await breakIfDue();
  }
  writeChunk(png, at, "IEND", new Uint8Array());
  return png;
}

/** Returns the rows, each after a byte that says that no filter changed it. */
async function toScanlines(data: Uint8Array, rows: number, rowBytes: number): Promise<Uint8Array> {
  const lines = new Uint8Array(data.length + rows);
  let copied = 0;
  for (let row = 0; row < rows; row++) {
    lines.set(data.subarray(row * rowBytes, (row + 1) * rowBytes), row * (rowBytes + 1) + 1);
    copied += rowBytes;
    if (copied < PIECE_BYTES) continue;
    copied = 0;
    await breakIfDue();
  }
  return lines;
}

/** Returns the bytes in the zlib format: deflated by the threads of Node, Bun or Deno, elsewhere by this one. */
async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const zlib = builtinModule<NodeZlib>("node:zlib");
  if (zlib) {
    return await new Promise((resolve, reject) => {
      zlib.deflate(bytes, { chunkSize: PIECE_BYTES }, (error, deflated) => (error ? reject(error) : resolve(deflated)));
    });
  }
  const found: Uint8Array[] = [];
  const stream = new Zlib({ level: 6 }, (piece) => found.push(piece));
  for (let start = 0; start < bytes.length; start += DEFLATED_PIECE_BYTES) {
    const end = start + DEFLATED_PIECE_BYTES;
    stream.push(bytes.subarray(start, end), end >= bytes.length);
    await breakIfDue();
  }
  const deflated = new Uint8Array(found.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of found) {
    deflated.set(piece, at);
    at += piece.length;
  }
  return deflated;
}

/** Writes a chunk and returns its end. */
function writeChunk(png: Uint8Array, at: number, name: string, content: Uint8Array): number {
  const end = at + FRAME + content.length;
  png.set(bigEndian(content.length), at);
  for (let i = 0; i < 4; i++) png[at + 4 + i] = name.charCodeAt(i);
  png.set(content, at + 8);
  png.set(bigEndian(crc32(png, at + 4, end - 4)), end - 4);
  return end;
}

function bigEndian(value: number): number[] {
  return [value >>> 24, value >>> 16, value >>> 8, value].map((byte) => byte & 255);
}
