import { gzip } from "#gunzip";
import { ByteSink } from "./byte-sink.ts";
import { type ColumnElement, type WrittenChunk, beginFile, endFile } from "./footer-write.ts";
import { ENCODING } from "./thrift-enums.ts";
import { inflatesTooFar } from "./page-read.ts";
import { type Compressor, PagedChunk, type PageLocation } from "./column-chunk-write.ts";
import { writePlainString } from "./plain.ts";
import { elementOf, encodeChunk, type TableColumn } from "./table-write.ts";
import { writeStruct } from "./thrift-write.ts";

/** Bytes of a page of texts before it is compressed, unless its one text is longer. */
const PAGE_BYTES = 16_384;

const compressor: Compressor = {
  compress: ({ bytes }) => {
    const packed = gzip(bytes);
    return inflatesTooFar(packed.length, bytes.length) ? gzip(bytes, true) : packed;
  },
  reset: () => {},
};

/**
 * A Parquet file of one row group, written piece by piece: first a column of texts that may be large altogether, in pages that an
 * offset index tells the places of, so that one text is read without the others; then the columns beside it. Of one row at least.
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

  /** Bytes written up to now. */
  get size(): number {
    return this.#out.offset;
  }

  /** The text of the next row. */
  add(text: string): void {
    writePlainString(text, this.#page);
    this.#pageRows++;
    this.#rows++;
    if (this.#page.index >= PAGE_BYTES) this.#endPage();
  }

  /** The texts of the next rows, a page of another such file as it is stored there, which inflates to `size` bytes. */
  copyPage(gzip: Uint8Array, rows: number, size: number): void {
    this.#endPage();
    this.#texts.addPacked({ encoding: ENCODING.plain, count: rows }, gzip, size);
    this.#rows += rows;
  }

  /** What was written since the last call: a copy. */
  take(): Uint8Array {
    const bytes = this.#out.written.slice();
    this.#out.restart();
    return bytes;
  }

  /**
   * Writes the other columns, of as many rows, and the footer. What `describe` makes of what was written stands before the footer, where no
   * reader of Parquet looks.
   */
  end(
    columns: Iterable<TableColumn>,
    describe: (chunks: readonly WrittenChunk[], pages: readonly PageLocation[]) => Uint8Array,
  ): void {
    this.#endPage();
    const out = this.#out;
    const rows = this.#rows;
    const { locations } = this.#texts;
    const texts = this.#texts.end({ nulls: 0 });
    const chunks: WrittenChunk[] = [];
    for (const column of columns) chunks.push(encodeChunk(out, elementOf(column), column, 0, rows, compressor));
    const end = out.offset;
    // OffsetIndex: a list of PageLocation.
    const pages = locations.map(({ start, size, firstRow }) => ({ 1: BigInt(start), 2: size, 3: BigInt(firstRow) }));
    writeStruct(out, { 1: pages });
    const indexed: WrittenChunk = { ...texts, index: { start: end, size: out.offset - end } };
    out.bytes(describe(chunks, locations));
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
