import { BlockWriter } from "./block-writer.ts";
import { SequenceFinder } from "./match-finder.ts";
import { addCounts, costOf, Histogram } from "./symbol-counts.ts";
import { inOneGo } from "../../platform/event-loop.ts";
import { GZIP_HEADER, GZIP_TRAILER, frameGzip } from "../../bytes/gzip-member.ts";

const CHUNK = 4096;
/** How many chunks are deflated between two yields. */
const PIECE = 16;
/** The most numbers in the sequences of a block: two a sequence. */
const MOST = 32_768;

/**
 * Compresses pages of numbers, whose planes of bytes are constant, skewed or random. Chunks that are alike share a
 * block, so that its code suits them. Gives the same bytes on every platform. Keeps its buffers for the next call.
 */
export class RunDeflate {
  readonly #finder = new SequenceFinder();
  readonly #writer = new BlockWriter();
  readonly #sequences = new Uint32Array(MOST + CHUNK);
  #block = new Histogram();
  #chunk = new Histogram();
  #both = new Histogram();

  /**
   * Deflates `data` to `out` from `at` on and returns the end. `out` must have the room that {@link deflateBound}
   * states. `parts` are the ends of stretches that may differ in kind: ascending, the last one at the end of the data.
   */
  deflate(data: Uint8Array, parts: readonly number[], out: Uint8Array, at: number): number {
    return inOneGo(this.deflateInPieces(data, parts, out, at));
  }

  /** Does what {@link deflate} does. Yields where it may be interrupted, if nothing else is deflated meanwhile. */
  *deflateInPieces(
    data: Uint8Array,
    parts: readonly number[],
    out: Uint8Array,
    at: number,
  ): Generator<void, number, void> {
    const writer = this.#writer;
    const sequences = this.#sequences;
    writer.out = out;
    writer.at = at;
    this.#finder.begin(data);
    let from = 0;
    let length = 0;
    let cost = 0;
    let part = 0;
    let chunks = 0;
    for (let start = 0, end = 0; start < data.length; start = end) {
      if (++chunks % PIECE === 0) yield;
      while (parts[part]! <= start) part++;
      const rest = parts[part]! - start;
      end = start + Math.ceil(rest / Math.ceil(rest / CHUNK));
      const chunk = this.#chunk;
      const next = this.#finder.find(start, end, sequences, length, chunk);
      const own = costOf(chunk, end - start);
      if (start > 0) {
        addCounts(this.#block, chunk, this.#both);
        const joint = costOf(this.#both, end - from);
        if (joint <= cost + own && next <= MOST) {
          const both = this.#both;
          this.#both = this.#block;
          this.#block = both;
          cost = joint;
          length = next;
          continue;
        }
        writer.block(sequences, length, this.#block, data, from, start, false);
        sequences.copyWithin(0, length, next);
      }
      this.#chunk = this.#block;
      this.#block = chunk;
      from = start;
      cost = own;
      length = next - (start > 0 ? length : 0);
    }
    if (data.length > 0) writer.block(sequences, length, this.#block, data, from, data.length, true);
    else writer.empty();
    writer.align();
    return writer.at;
  }
}

/** Returns the greatest size to which `length` bytes in `parts` parts can deflate. */
export function deflateBound(length: number, parts: number): number {
  return length + 6 * (2 + Math.ceil(length / CHUNK) + parts);
}

/** Returns the greatest size of a gzip member of `length` bytes in `parts` parts. */
export function gzipBound(length: number, parts: number): number {
  return GZIP_HEADER + GZIP_TRAILER + deflateBound(length, parts);
}

/** Writes `data` to `out` as a gzip member without name and time. Returns the member's length. */
export function gzip(deflate: RunDeflate, data: Uint8Array, parts: readonly number[], out: Uint8Array): number {
  return inOneGo(gzipInPieces(deflate, data, parts, out));
}

/** Does what {@link gzip} does. Yields where it may be interrupted. */
export function* gzipInPieces(
  deflate: RunDeflate,
  data: Uint8Array,
  parts: readonly number[],
  out: Uint8Array,
): Generator<void, number, void> {
  return frameGzip(data, out, yield* deflate.deflateInPieces(data, parts, out, GZIP_HEADER));
}
