import type { Backend } from "../backend/backend.ts";
import type { CatalogRow } from "./catalog-row.ts";
import type { Cells } from "./column-cells.ts";
import { paramCells } from "./field-columns.ts";
import type { StoredPage } from "./record-pages.ts";
import type { Segment } from "./segment.ts";

/** The least size of a page that is copied, inflated. The records of smaller pages are packed into new pages. */
const LEAST_PAGE_BYTES = 8192;

/** Rows that a new segment copies from another one without decoding their records. */
export interface CopiedRows {
  readonly source: SegmentColumns;
  /** The rows of the source, ascending. */
  readonly rows: readonly number[];
  /** Their records: a page that holds exactly these, or their texts. */
  readonly records: StoredPage | readonly string[];
}

/** All columns of a segment in memory. */
export interface SegmentColumns {
  readonly ids: (row: number) => string;
  readonly documents: Cells;
  readonly markers: Cells;
  readonly fields: readonly SourceField[];
}

/**
 * A field and the columns that hold its values. The numbers and booleans of a param that is text in other runs have
 * columns of their own.
 */
interface SourceField {
  readonly name: string;
  readonly cells: readonly Cells[];
}

/** Records that are read at a time. */
const ROWS_AT_ONCE = 256;

/** Yields the rows `wanted` of a segment, which are ascending. Copies them if every value has a column. */
export async function* rowsOfSegment(
  segment: Segment,
  backend: Backend,
  wanted: readonly number[],
  signal: AbortSignal | undefined,
): AsyncGenerator<CatalogRow | CopiedRows, void, undefined> {
  if (wanted.length === 0) return;
  if (!segment.directory.incomplete) return yield* copyRows(segment, backend, wanted, signal);
  await segment.load(backend, ["run_id", "document", "marker"], 1, signal);
  const [documents, markers] = [segment.cells("document"), segment.cells("marker")];
  // A value without a column there may get one in the new segment.
  for (let i = 0; i < wanted.length; i += ROWS_AT_ONCE) {
    const some = wanted.slice(i, i + ROWS_AT_ONCE);
    const records = await segment.records(backend, some, 1, signal);
    for (const at of some)
      yield { record: records.get(at)!, document: Number(documents?.at(at)), marker: Number(markers?.at(at)) };
  }
}

/** Yields the rows `wanted`, which are ascending, of a segment in which every value has a column. */
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
    // If all rows have a list or an object, the param has no column of values.
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
