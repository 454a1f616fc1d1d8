import { RunDeflate, gzipBound, gzipInPieces } from "./deflate/run-deflate.ts";
import { inOneGo } from "../platform/event-loop.ts";
import type { Compressor, Page } from "./column-chunk-write.ts";

/** Compresses pages of numbers with {@link RunDeflate}, and keeps its buffers. */
export class RunCompressor implements Compressor {
  readonly #deflate = new RunDeflate();
  #out = new Uint8Array(65_536);
  #at = 0;

  compress(page: Page): Uint8Array {
    return inOneGo(this.compressInPieces(page));
  }

  *compressInPieces({ bytes, parts = [bytes.length] }: Page): Generator<void, Uint8Array, void> {
    const room = gzipBound(bytes.length, parts.length);
    if (this.#at + room > this.#out.length) {
      this.#out = new Uint8Array(Math.max(room, 2 * this.#out.length));
      this.#at = 0;
    }
    const out = this.#out.subarray(this.#at);
    const length = yield* gzipInPieces(this.#deflate, bytes, parts, out);
    this.#at += length;
    return out.subarray(0, length);
  }

  reset(): void {
    this.#at = 0;
  }
}
