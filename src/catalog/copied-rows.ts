import type { Backend } from "../backend/backend.ts";
import type { Cells } from "./column-cells.ts";
import { paramCells } from "./field-columns.ts";
import type { StoredPage } from "./record-pages.ts";
import type { Segment } from "./segment.ts";

/** A page that is smaller, inflated, is made anew together with what comes next to it. */
const LEAST_PAGE_BYTES = 8192;

/** Rows of a segment that another takes over as they are stored: no record of them is decoded. */
export interface CopiedRows {
  readonly source: SegmentColumns;
  /** Which rows of it, ascending. */
  readonly rows: readonly number[];
  /** Their records: a page that holds these and no others, or their texts. */
  readonly records: StoredPage | readonly string[];
}

/** All columns of a segment in memory. */
export interface SegmentColumns {
  readonly ids: (row: number) => string;
  readonly documents: Cells;
  readonly markers: Cells;
  readonly fields: readonly SourceField[];
}

/** What a row has in a column of the name: a number or a boolean of a param that is text in other runs has its own column besides. */
interface SourceField {
  readonly name: string;
  readonly cells: readonly Cells[];
}

/** Some rows of a segment that has a column for everything; `wanted` ascending. */
export async function* copyRows(
  segment: Segment,
  backend: Backend,
  wanted: readonly number[],
  signal: AbortSignal | undefined,
): AsyncGenerator<CopiedRows, void, undefined> {
  const source = await loadColumns(segment, backend, signal);
  let next = 0;
  for await (const page of segment.storedPages(backend, signal)) {
    const from = next;
    while (next < wanted.length && wanted[next]! < page.firstRow + page.rows) next++;
    const rows = wanted.slice(from, next);
    if (rows.length === 0) continue;
    if (rows.length === page.rows && page.size >= LEAST_PAGE_BYTES) yield { source, rows, records: page };
    else yield { source, rows, records: segment.textsOf(page, rows) };
  }
}

async function loadColumns(
  segment: Segment,
  backend: Backend,
  signal: AbortSignal | undefined,
): Promise<SegmentColumns> {
  const names = segment.directory.columns.map(({ name }) => name);
  await segment.load(backend, names, 1, signal);
  const own = new Set(["run_id", "document", "marker"]);
  const fieldNames = names
    .filter((name) => !own.has(name) && !/^(?:numbers|booleans|integers)\./.test(name))
    // Where all have a list or an object there is no column of values.
    .map((name) => name.replace(/^nested\./, "params."));
  const fields = [...new Set(fieldNames)].map((name) => ({
    name,
    cells: name.startsWith("params.")
      ? paramCells(segment, name.slice("params.".length))
      : [segment.cells(name)].filter((cells) => cells !== undefined),
  }));
  return {
    ids: (row) => segment.idAt(row),
    documents: segment.cells("document")!,
    markers: segment.cells("marker")!,
    fields,
  };
}
