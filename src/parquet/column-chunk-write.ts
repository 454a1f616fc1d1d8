import { inOneGo } from "../platform/event-loop.ts";
import { crc32 } from "../bytes/crc32.ts";
import type { ByteSink } from "./byte-sink.ts";
import type { ColumnElement, Statistics, WrittenChunk } from "./footer-write.ts";
import { ENCODING, PAGE } from "./thrift-enums.ts";
import { writeStruct } from "./thrift-write.ts";

/** A page to write, before compression. */
export interface Page {
  /** The page is the dictionary: the data pages after it hold indices into its values. */
  readonly isDictionary?: boolean;
  /** One of {@link ENCODING}. */
  readonly encoding: number;
  /** The number of values, nulls included. */
  readonly count: number;
  readonly bytes: Uint8Array;
  /** Hints for the compressor: where stretches of bytes of different kinds end. */
  readonly parts?: readonly number[];
}

/** Compresses pages. */
export interface Compressor {
  /** Returns the page as a gzip member, which is valid until the next call of `reset`. */
  compress(page: Page): Uint8Array;
  /** Does what `compress` does. Yields where it may be interrupted. */
  compressInPieces?(page: Page): Generator<void, Uint8Array, void>;
  /** Allows the compressor to overwrite the results it has returned. */
  reset(): void;
}

/**
 * Writes a column chunk, compressed if that makes it smaller, and returns what the footer states about it. `out.offset`
 * must be the chunk's position in the file.
 */
export function writeChunk(
  out: ByteSink,
  element: ColumnElement,
  pages: readonly Page[],
  compressor: Compressor,
  statistics: Statistics,
): WrittenChunk {
  return inOneGo(writeChunkInPieces(out, element, pages, compressor, statistics));
}

/** Does what {@link writeChunk} does. Yields where it may be interrupted, if nothing else uses `out` meanwhile. */
export function* writeChunkInPieces(
  out: ByteSink,
  element: ColumnElement,
  pages: readonly Page[],
  compressor: Compressor,
  statistics: Statistics,
): Generator<void, WrittenChunk, void> {
  compressor.reset();
  const raw = sum(pages.map(({ bytes }) => bytes));
  const packed: Uint8Array[] = [];
  if (raw >= SMALL_BYTES)
    for (const page of pages)
      packed.push(compressor.compressInPieces ? yield* compressor.compressInPieces(page) : compressor.compress(page));
  const gzip = raw >= SMALL_BYTES && sum(packed) < raw;
  const start = out.offset;
  let unpackedSize = 0;
  let dataStart = start;
  let values = 0;
  for (const [i, page] of pages.entries()) {
    const body = gzip ? packed[i]! : page.bytes;
    const pageStart = out.offset;
    writeHeader(out, page, page.bytes.length, body);
    unpackedSize += out.offset - pageStart + page.bytes.length;
    out.bytes(body);
    if (!page.isDictionary) {
      dataStart = pageStart;
      values += page.count;
    }
  }
  const encodings = [...new Set([...pages.map(({ encoding }) => encoding), ENCODING.rle])];
  const size = out.offset - start;
  return { element, encodings, gzip, values, unpackedSize, size, start, dataStart, statistics };
}

/** The position of a page in the file, its header included, and the number of its first row. */
export interface PageLocation {
  readonly start: number;
  readonly size: number;
  readonly firstRow: number;
}

/** Writes a column chunk page by page. Each page is compressed, so that a reader can read one without the others. */
export class PagedChunk {
  readonly locations: PageLocation[] = [];
  readonly #out: ByteSink;
  readonly #element: ColumnElement;
  readonly #compressor: Compressor;
  readonly #start: number;
  #unpackedSize = 0;
  #values = 0;

  constructor(out: ByteSink, element: ColumnElement, compressor: Compressor) {
    this.#out = out;
    this.#element = element;
    this.#compressor = compressor;
    this.#start = out.offset;
  }

  add(page: Page): void {
    this.addPacked(page, this.#compressor.compress(page), page.bytes.length);
  }

  /** Adds a page that is already compressed: `body` inflates to `size` bytes. */
  addPacked({ encoding, count }: Pick<Page, "encoding" | "count">, body: Uint8Array, size: number): void {
    const start = this.#out.offset;
    writeHeader(this.#out, { encoding, count }, size, body);
    this.#unpackedSize += this.#out.offset - start + size;
    this.#out.bytes(body);
    this.locations.push({ start, size: this.#out.offset - start, firstRow: this.#values });
    this.#values += count;
  }

  /** Returns what the footer states about the chunk. */
  end(statistics: Statistics): WrittenChunk {
    const start = this.#start;
    return {
      element: this.#element,
      encodings: [ENCODING.plain, ENCODING.rle],
      gzip: true,
      values: this.#values,
      unpackedSize: this.#unpackedSize,
      size: this.#out.offset - start,
      start,
      dataStart: start,
      statistics,
    };
  }
}

/** Smaller chunks are stored uncompressed: a short run then need not load a compressor at its end. */
const SMALL_BYTES = 256;

/** Writes pages of version 1, because fastparquet misreads delta integers in pages of version 2 without an error. */
function writeHeader(
  out: ByteSink,
  { isDictionary, encoding, count }: Omit<Page, "bytes">,
  size: number,
  body: Uint8Array,
): void {
  writeStruct(out, {
    1: isDictionary ? PAGE.dictionary : PAGE.data,
    2: size,
    3: body.length,
    4: crc32(body) | 0,
    // Fields 3 and 4 are the encodings of levels. Parquet requires them even if the page has no levels.
    5: isDictionary ? undefined : { 1: count, 2: encoding, 3: ENCODING.rle, 4: ENCODING.rle },
    7: isDictionary ? { 1: count, 2: encoding } : undefined,
  });
}

function sum(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, { length }) => total + length, 0);
}
