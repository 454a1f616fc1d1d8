import type { ByteSink } from "./byte-sink.ts";
import { type ColumnElement, type WrittenGroup, writeFooter } from "./footer-write.ts";
import { MAGIC } from "./format-numbers.ts";

/** Writes the magic if the file has not begun. */
export function beginFile(out: ByteSink): void {
  if (out.offset === 0) out.uint32(MAGIC);
}

/** Writes the footer, its length, and the magic. */
export function endFile(out: ByteSink, columns: readonly ColumnElement[], groups: readonly WrittenGroup[]): void {
  beginFile(out);
  const start = out.index;
  writeFooter(out, columns, groups);
  out.uint32(out.index - start);
  out.uint32(MAGIC);
}
