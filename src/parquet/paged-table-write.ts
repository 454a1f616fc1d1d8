import { gzip } from "#gunzip";
import { ByteSink } from "./byte-sink.ts";
import { type ColumnElement, type WrittenChunk, beginFile, endFile } from "./footer-write.ts";
import { ENCODING } from "./thrift-enums.ts";
import { inflatesTooFar } from "./page-read.ts";
import { type Compressor, PagedChunk, type PageLocation } from "./column-chunk-write.ts";
import { writePlainString } from "./plain.ts";
import { elementOf, encodeChunkInPieces, type TableColumn } from "./table-write.ts";
import { writeStruct } from "./thrift-write.ts";

/** Bytes of a page of texts before compression. A longer text has a page of its own. */
const PAGE_BYTES = 16_384;

const compressor: Compressor = {
  compress: ({ bytes }) => {
    const packed = gzip(bytes);
    return inflatesTooFar(packed.length, bytes.length) ? gzip(bytes, true) : packed;
  },
  reset: () => {},
};

/**
 * Writes a Parquet file of one row group and at least one row, piece by piece. The first column is one of texts, which
 * may be large altogether: an offset index has the positions of its pages, so that one text can be read without the
 * others. The other columns follow.
 */
export class PagedTableWriter {
  readonly #out = new ByteSink();
  readonly #texts: PagedChunk;
  readonly #element: ColumnElement;
  #page = new ByteSink();
  #pageRows = 0;
  #rows = 0;

  /** `texts` is the name of the column of texts. */
  constructor(texts: string) {
    beginFile(this.#out);
    this.#element = elementOf({ name: texts, type: "string" });
    this.#texts = new PagedChunk(this.#out, this.#element, compressor);
  }

  /** The number of bytes written so far. */
  get size(): number {
    return this.#out.offset;
  }

  /** Adds the text of the next row. */
  add(text: string): void {
    writePlainString(text, this.#page);
    this.#pageRows++;
    this.#rows++;
    if (this.#page.index >= PAGE_BYTES) this.#endPage();
  }

  /** Adds the texts of the next rows as a page copied from another such file. The page inflates to `size` bytes. */
  copyPage(gzip: Uint8Array, rows: number, size: number): void {
    this.#endPage();
    this.#texts.addPacked({ encoding: ENCODING.plain, count: rows }, gzip, size);
    this.#rows += rows;
  }

  /** Returns a copy of the bytes written since the last call. */
  take(): Uint8Array {
    const bytes = this.#out.written.slice();
    this.#out.restart();
    return bytes;
  }

  /**
   * Writes the other columns, which must have as many rows, and the footer. Between them it writes the bytes that
   * `describe` returns, where no reader of Parquet looks. Yields where it may be interrupted.
   */
  *endInPieces(
    columns: Iterable<TableColumn>,
    describe: (chunks: readonly WrittenChunk[], pages: readonly PageLocation[]) => Uint8Array,
  ): Generator<void, void, void> {
    this.#endPage();
    const out = this.#out;
    const rows = this.#rows;
    const { locations } = this.#texts;
    const texts = this.#texts.end({ nulls: 0 });
    const chunks: WrittenChunk[] = [];
    for (const column of columns) {
      chunks.push(yield* encodeChunkInPieces(out, elementOf(column), column, 0, rows, compressor));
      yield;
    }
    const end = out.offset;
    // OffsetIndex: a list of PageLocation.
    const pages = locations.map(({ start, size, firstRow }) => ({ 1: BigInt(start), 2: size, 3: BigInt(firstRow) }));
    writeStruct(out, { 1: pages });
    const indexed: WrittenChunk = { ...texts, index: { start: end, size: out.offset - end } };
    yield;
    out.bytes(describe(chunks, locations));
    yield;
    const all = [...chunks, indexed];
    endFile(
      out,
      all.map(({ element }) => element),
      [{ chunks: all, rows, start: texts.start, end }],
    );
  }

  #endPage(): void {
    if (this.#pageRows === 0) return;
    this.#texts.add({ encoding: ENCODING.plain, count: this.#pageRows, bytes: this.#page.written });
    this.#page.restart();
    this.#pageRows = 0;
  }
}
