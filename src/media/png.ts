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
  createDeflate(options: { readonly chunkSize: number }): NodeDeflate;
}

interface NodeDeflate {
  on(event: "data", listener: (piece: Uint8Array) => void): NodeDeflate;
  on(event: "error", listener: (error: Error) => void): NodeDeflate;
  on(event: "end", listener: () => void): NodeDeflate;
  end(bytes: Uint8Array): void;
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
  const size = deflated.reduce((sum, piece) => sum + piece.length, 0);
  const chunks = Math.ceil(size / PIECE_BYTES);
  const png = new Uint8Array(SIGNATURE.length + (chunks + 2) * FRAME + HEADER_BYTES + size);
  png.set(SIGNATURE);
  const header = new Uint8Array([...bigEndian(width), ...bigEndian(height), 8, COLOUR_TYPES[channels]!, 0, 0, 0]);
  let at = writeChunk(png, SIGNATURE.length, "IHDR", [header]);
  for (const content of inChunks(deflated)) {
    at = writeChunk(png, at, "IDAT", content);
    await breakIfDue();
  }
  writeChunk(png, at, "IEND", []);
  return png;
}

/** Yields the bytes of all pieces as parts of chunks, each chunk with {@link PIECE_BYTES}, except the last one. */
function* inChunks(pieces: readonly Uint8Array[]): Generator<Uint8Array[], void, void> {
  let parts: Uint8Array[] = [];
  let room = PIECE_BYTES;
  for (const piece of pieces) {
    for (let start = 0; start < piece.length;) {
      const part = piece.subarray(start, start + room);
      parts.push(part);
      start += part.length;
      room -= part.length;
      if (room > 0) continue;
      yield parts;
      parts = [];
      room = PIECE_BYTES;
    }
  }
  if (parts.length > 0) yield parts;
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

/**
 * Returns the bytes in the zlib format, in pieces, because joining them would take long: deflated by the threads of
 * Node, Bun or Deno, elsewhere by this one.
 */
async function deflate(bytes: Uint8Array): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  const zlib = builtinModule<NodeZlib>("node:zlib");
  if (zlib) {
    return await new Promise((resolve, reject) => {
      zlib
        .createDeflate({ chunkSize: PIECE_BYTES })
        .on("data", (piece) => void pieces.push(piece))
        .on("error", reject)
        .on("end", () => resolve(pieces))
        .end(bytes);
    });
  }
  const stream = new Zlib({ level: 6 }, (piece) => pieces.push(piece));
  for (let start = 0; start < bytes.length; start += DEFLATED_PIECE_BYTES) {
    const end = start + DEFLATED_PIECE_BYTES;
    stream.push(bytes.subarray(start, end), end >= bytes.length);
    await breakIfDue();
  }
  return pieces;
}

/** Writes a chunk whose content is given in parts. Returns its end. */
function writeChunk(png: Uint8Array, start: number, name: string, content: readonly Uint8Array[]): number {
  for (let i = 0; i < 4; i++) png[start + 4 + i] = name.charCodeAt(i);
  let at = start + 8;
  for (const part of content) {
    png.set(part, at);
    at += part.length;
  }
  png.set(bigEndian(at - start - 8), start);
  png.set(bigEndian(crc32(png, start + 4, at)), at);
  return at + 4;
}

function bigEndian(value: number): number[] {
  return [value >>> 24, value >>> 16, value >>> 8, value].map((byte) => byte & 255);
}
