import { gunzip } from "#gunzip";
import { crc32 } from "../bytes/crc32.ts";
import type { ChunkLayout } from "./footer-read.ts";
import { type PageHeader, readPageHeader } from "./page-header.ts";

export interface Page {
  readonly encoding: number;
  /** The number of values that `bytes` must hold. */
  readonly values: number;
  /** In an optional column: which values are not null, as a hybrid of one bit each. */
  readonly levels?: Uint8Array;
  /** The encoded values, without levels. */
  readonly bytes: Uint8Array;
}

type Admit = (values: number, size: number) => boolean;

/** Deflate turns one byte into at most 1032 bytes. */
const DEFLATE_MAX_RATIO = 1040;

export interface ChunkPages {
  readonly dictionary: Page | undefined;
  readonly data: Iterable<Page>;
}

/**
 * Returns the pages of a column chunk and inflates them one at a time. Throws a RangeError, or an error of inflating,
 * unless the data pages hold `rows` values and fill the chunk. Before it inflates a page, it asks `admit` whether this
 * number of values may inflate to this number of bytes. If the column is optional, `bytes` holds only the values that
 * are not null; without `nullable`, nulls are refused.
 */
export function readPages(
  bytes: Uint8Array,
  layout: ChunkLayout,
  rows: number,
  admit: Admit,
  nullable = false,
): ChunkPages {
  let dictionary: Page | undefined;
  let at = 0;
  if (layout.dataStart > layout.start) {
    const header = readPageHeader(bytes, 0);
    if (header.kind !== "dictionary") throw new RangeError("the page is malformed");
    dictionary = open(bytes, header, layout, rows, admit, nullable);
    at = header.at + header.stored;
    if (at !== layout.dataStart - layout.start) throw new RangeError("the page is malformed");
  }
  return { dictionary, data: dataPages(bytes, at, layout, rows, admit, nullable) };
}

function* dataPages(
  bytes: Uint8Array,
  at: number,
  layout: ChunkLayout,
  rows: number,
  admit: Admit,
  nullable: boolean,
): Generator<Page> {
  while (at < bytes.length) {
    const header = readPageHeader(bytes, at);
    if (header.kind === "dictionary") throw new RangeError("the page is malformed");
    const page = open(bytes, header, layout, rows, admit, nullable);
    rows -= page.values;
    at = header.at + header.stored;
    yield page;
  }
  if (rows !== 0) throw new RangeError(`${rows} values are missing`);
}

function open(
  bytes: Uint8Array,
  header: PageHeader,
  { gzip, optional }: ChunkLayout,
  most: number,
  admit: Admit,
  nullable: boolean,
): Page {
  const { kind, values, encoding, size, nulls, levels: before, at } = header;
  if (values < 1 || values > most || (before > 0 && !optional)) throw new RangeError("the page is malformed");
  if (nulls !== 0 && !nullable) throw new RangeError("the page has nulls");
  if (!admit(values, size)) throw new RangeError("the page inflates to too many bytes");
  const stored = bytes.subarray(at, at + header.stored);
  if (header.crc !== undefined && (crc32(stored) | 0) !== header.crc)
    throw new RangeError("the page has a wrong checksum");
  const isCompressed = gzip && header.compressed;
  const content = inflate(stored.subarray(before), size - before, isCompressed, header.crc !== undefined);
  if (!optional || kind === "dictionary") return { encoding, values, bytes: content };
  if (kind === "v2") return { encoding, values, levels: stored.subarray(0, before), bytes: content };
  // v1 stores the levels with the values. If nulls are not allowed, they leave too few values, and decoding fails.
  const end = 4 + levelsLength(content);
  return { encoding, values, levels: content.subarray(4, end), bytes: content.subarray(end) };
}

function inflate(stored: Uint8Array, size: number, compressed: boolean, isChecked: boolean): Uint8Array {
  if (!compressed || (size === 0 && stored.length === 0)) {
    if (stored.length !== size) throw new RangeError("the page is malformed");
    return stored;
  }
  // Checked before memory is allocated for it.
  if (size > stored.length * DEFLATE_MAX_RATIO) throw new RangeError("the page cannot inflate to its size");
  return gunzip(stored, size, isChecked);
}

function levelsLength(page: Uint8Array): number {
  const length = new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(0, true);
  if (length > page.length - 4) throw new RangeError("the page is malformed");
  return length;
}

/** Pages of at most this size are safe to inflate at any ratio. */
const SMALL_PAGE_BYTES: number = 1024 * 1024;
/** Deflate can inflate a byte to 1032 bytes; texts never come near this ratio. */
const TEXT_MAX_RATIO = 128;

/**
 * Returns whether a page of `stored` bytes inflates to so large a `size` that a small file could fill a reader's
 * memory. Readers refuse such a page of texts, so writers store it without deflating it.
 */
export function inflatesTooFar(stored: number, size: number): boolean {
  return size > SMALL_PAGE_BYTES && size > TEXT_MAX_RATIO * stored;
}
