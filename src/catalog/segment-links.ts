import type { Backend } from "../backend/backend.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { type CatalogDataset, type CatalogVersion, parseVersions } from "./link-cells.ts";
import { LinkIndex, linksOf, type RunLinks } from "./run-links.ts";
import { corrupt } from "./segment-file.ts";
import type { Segment } from "./segment.ts";

/** The columns that hold the links of runs, and those that tell which row of a run counts. */
const COLUMNS = "run_id name document marker deleted_at parent datasets artifacts inputs fork_of".split(" ");
/** The most requests for the columns of a segment. */
const COLUMN_REQUESTS = 2;
const RECORDS_AT_ONCE = 512;

/** The links of segments, which never change, as long as the segments are in memory. */
const indexes = new WeakMap<Segment, LinkIndex>();

/** Returns the links of all rows of a segment. Reads columns, or the records if a value has no column. */
export async function segmentLinks(
  backend: Backend,
  segment: Segment,
  signal: AbortSignal | undefined,
): Promise<LinkIndex> {
  const known = indexes.get(segment);
  if (known !== undefined) return known;
  const index = new LinkIndex();
  const isWhole = !segment.directory.incomplete || COLUMNS.every((name) => segment.column(name) !== undefined);
  await segment.load(backend, isWhole ? COLUMNS : ["document", "marker"], COLUMN_REQUESTS, signal);
  if (isWhole) await addRows(index, segment, signal);
  else await addRecords(index, backend, segment, signal);
  indexes.set(segment, index);
  return index;
}

async function addRows(index: LinkIndex, segment: Segment, signal: AbortSignal | undefined): Promise<void> {
  for (const name of COLUMNS) {
    segment.cells(name);
    await breakIfDue();
  }
  for (let row = 0; row < segment.rows; row++) {
    index.add(linksAt(segment, row));
    // A row may have thousands of links. Most have few, so only a break that is due is awaited.
    const due = breakIfDue();
    if (due === undefined) continue;
    await due;
    signal?.throwIfAborted();
  }
}

async function addRecords(
  index: LinkIndex,
  backend: Backend,
  segment: Segment,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let from = 0; from < segment.rows; from += RECORDS_AT_ONCE) {
    const rows = Array.from({ length: Math.min(RECORDS_AT_ONCE, segment.rows - from) }, (_, i) => from + i);
    for (const [row, record] of await segment.records(backend, rows, 1, signal)) {
      index.add(
        linksOf({ record, document: numberAt(segment, "document", row), marker: numberAt(segment, "marker", row) }),
      );
      await breakIfDue();
    }
  }
}

function linksAt(segment: Segment, row: number): RunLinks {
  const text = (column: string): string | undefined => {
    const cell = segment.cells(column)?.at(row);
    return typeof cell === "string" ? cell : undefined;
  };
  const document = numberAt(segment, "document", row);
  return {
    id: segment.idAt(row),
    name: text("name") ?? "",
    isDeleted: (segment.cells("deleted_at")?.at(row) ?? null) !== null,
    // Segments have closed runs only.
    isResumed: document > 1,
    parent: text("parent"),
    forkOf: text("fork_of"),
    made: versionsOf(segment, text("artifacts")),
    used: versionsOf(segment, text("inputs")),
    datasets: datasetsOf(segment, text("datasets")),
    document,
    marker: numberAt(segment, "marker", row),
  };
}

const numberAt = (segment: Segment, column: string, row: number): number => Number(segment.cells(column)?.at(row));

const NONE: readonly never[] = [];

function versionsOf(segment: Segment, text: string | undefined): readonly CatalogVersion[] {
  if (text === undefined) return NONE;
  const versions = parseVersions(text);
  if (versions === undefined) throw corrupt(segment.name.key, new RangeError("versions are malformed"));
  return versions;
}

function datasetsOf(segment: Segment, text: string | undefined): readonly CatalogDataset[] {
  return text === undefined ? NONE : segment.parseDatasets(text);
}
