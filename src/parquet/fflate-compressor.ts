import { Deflate, deflateSync } from "fflate";
import { concatBytes } from "../backend/body.ts";
import { gzipMember } from "../bytes/gzip-member.ts";
import { inOneGo } from "../platform/event-loop.ts";
import type { Compressor, Page } from "./column-chunk-write.ts";

/** Larger pages are compressed in pieces of this many bytes. */
const PIECE_BYTES = 131_072;
const OPTIONS = { level: 6 } as const;

/** Compresses with fflate. Suits texts and PLAIN numbers, in which long repetitions are what saves space. */
export const generalCompressor: Compressor = {
  compress: (page) => inOneGo(compressInPieces(page)),
  compressInPieces,
  reset: () => {},
};

function* compressInPieces({ bytes }: Page): Generator<void, Uint8Array, void> {
  // A page of numbers has as many bytes, and a little more if some are missing.
  if (bytes.length < 2 * PIECE_BYTES) return gzipMember(bytes, deflateSync(bytes, OPTIONS));
  const deflated: Uint8Array[] = [];
  const stream = new Deflate(OPTIONS, (piece) => deflated.push(piece));
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    const end = start + PIECE_BYTES;
    stream.push(bytes.subarray(start, end), end >= bytes.length);
    yield;
  }
  return gzipMember(bytes, concatBytes(deflated));
}
