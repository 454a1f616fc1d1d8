import { crc32 } from "../bytes/crc32.ts";
import type { ByteSink } from "./byte-sink.ts";
import type { ColumnElement, Statistics, WrittenChunk } from "./footer-write.ts";
import { ENCODING, PAGE } from "./thrift-enums.ts";
import { writeStruct } from "./thrift-write.ts";

/** A page before compression. */
export interface Page {
  /** It holds the values that those of the pages behind it are numbers of. */
  readonly isDictionary?: boolean;
  /** Of {@link ENCODING}. */
  readonly encoding: number;
  /** Values in it, nulls included. */
  readonly count: number;
  readonly bytes: Uint8Array;
  /** Ends of stretches that differ in kind, for the compressor. */
  readonly parts?: readonly number[];
}

/** Makes a gzip member of a page. The result is valid until the next call of `reset`. */
export interface Compressor {
  compress(page: Page): Uint8Array;
  reset(): void;
}

/**
 * Writes a column chunk, compressed if that makes it smaller, and returns what the footer has to say of it. `out.offset` is
 * its place in the file.
 */
export function writeChunk(
  out: ByteSink,
  element: ColumnElement,
  pages: readonly Page[],
  compressor: Compressor,
  statistics: Statistics,
): WrittenChunk {
  compressor.reset();
  const raw = sum(pages.map(({ bytes }) => bytes));
  const packed = raw < SMALL_BYTES ? [] : pages.map((page) => compressor.compress(page));
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

/** Where a page of a column is: bytes of the file, its header included, and the first row in it. */
export interface PageLocation {
  readonly start: number;
  readonly size: number;
  readonly firstRow: number;
}

/** Writes a column chunk page by page, each compressed, so that any of them can be read by itself. */
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

  /** Adds a page, compressed already: `body` inflates to `size` bytes. */
  addPacked({ encoding, count }: Pick<Page, "encoding" | "count">, body: Uint8Array, size: number): void {
    const start = this.#out.offset;
    writeHeader(this.#out, { encoding, count }, size, body);
    this.#unpackedSize += this.#out.offset - start + size;
    this.#out.bytes(body);
    this.locations.push({ start, size: this.#out.offset - start, firstRow: this.#values });
    this.#values += count;
  }

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

/** Less is not worth compressing, nor what that loads at the end of a short run. */
const SMALL_BYTES = 256;

/** Version 1: in pages of version 2 fastparquet reads delta integers wrong, and says nothing. */
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
    // The encodings of definition and repetition levels come last, though there may be none.
    5: isDictionary ? undefined : { 1: count, 2: encoding, 3: ENCODING.rle, 4: ENCODING.rle },
    7: isDictionary ? { 1: count, 2: encoding } : undefined,
  });
}

function sum(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, { length }) => total + length, 0);
}
