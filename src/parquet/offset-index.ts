import type { ChunkLayout } from "./chunk-layout.ts";
import type { PageLocation } from "./page.ts";
import { malformed, ThriftReader } from "./thrift.ts";

/** Where the pages of a column chunk of `rows` rows are. Throws a RangeError unless they lie in it, one behind the other. */
export function readOffsetIndex(bytes: Uint8Array, chunk: ChunkLayout, rows: number): PageLocation[] {
  const reader = new ThriftReader(bytes, 0, 5 * rows + 10);
  const pages = reader
    .struct()
    .structs(1)
    .map((page) => ({ start: page.integer(1), size: page.integer(2), firstRow: page.integer(3) }));
  let at = chunk.start;
  let row = 0;
  for (const [i, { start, size, firstRow }] of pages.entries()) {
    if (start !== at || size < 1 || (i === 0 ? firstRow !== 0 : firstRow <= row) || firstRow >= rows) throw malformed();
    at = start + size;
    row = firstRow;
  }
  if (reader.at !== bytes.length || at !== chunk.end) throw malformed();
  return pages;
}
