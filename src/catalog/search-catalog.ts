import { mapBounded } from "../platform/bounded.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { DamagedRun, UnreadableRun } from "../journal/unreadable.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { compareRows } from "../filter/compare-rows.ts";
import type { OrderKey } from "../filter/order-by.ts";
import type { FilterRow } from "../filter/row.ts";
import { Matches, type RecordedRow, type Wanted } from "./matches.ts";
import { membersFromColumns } from "./members-from-columns.ts";
import type { OpenExperiment } from "./open-experiment.ts";
import type { Segment } from "./segment.ts";
import { statisticsOf } from "./segment-fields.ts";
import { SegmentRow } from "./segment-row.ts";
import { Top } from "./top.ts";
import { visitRecorded } from "./visit-recorded.ts";
import { withCatalog } from "./with-catalog.ts";

/** Requests for records, at most, all segments together, but one of each that has some. */
export const RECORD_REQUESTS = 5;

/** Segments read at a time, after the first ones: those may have all that is needed. */
const SEGMENTS_AT_ONCE = 8;

export interface CatalogQuery extends Omit<Wanted, "fields"> {
  readonly orderBy: readonly OrderKey[];
  /** Most runs. */
  readonly most: number;
  /** Only what comes behind this row. */
  readonly after: FilterRow | undefined;
  /** Members of the records that are wanted; `undefined`: all. */
  readonly members: readonly (keyof RunRecord)[] | undefined;
}

/** A run that was found: the row by which it was, and its record, of which members that are not wanted may be missing. */
export interface FoundRun {
  readonly row: FilterRow;
  readonly record: RunRecord;
}

/** The runs that were found, in order, those that could not be read, and those that lost records. */
export interface FoundRuns {
  readonly found: readonly FoundRun[];
  readonly unreadable: readonly UnreadableRun[];
  readonly damaged: readonly DamagedRun[];
}

/** Finds the first runs that fit, in order. */
export async function searchCatalog(
  context: CatalogContext,
  query: CatalogQuery,
  signal: AbortSignal | undefined,
): Promise<FoundRuns> {
  const fields = query.orderBy.map(({ field }) => field);
  const matches = new Matches({ ...query, fields });
  const compare = compareRows(query.orderBy);
  const compareFirst = compareRows(query.orderBy.slice(0, 1));
  return await withCatalog(context, query.experiment, signal, async (catalog) => {
    const top = new Top<SegmentRow | RecordedRow>(compare, query.most);
    const visit = (row: SegmentRow | RecordedRow): void => {
      if (query.after && compare(row, query.after) <= 0) return;
      if (top.accepts(row)) top.add(row instanceof SegmentRow ? row.copy() : row);
    };
    await visitRecorded(context, catalog, matches, signal, visit);
    let candidates = inOrder(catalog.experiments, matches, query.orderBy);
    for (let some = 1; candidates.length > 0; some = Math.min(2 * some, SEGMENTS_AT_ONCE)) {
      // Passed over where the best that there can be is not as good as the last of those found already.
      const { worst } = top;
      if (worst) candidates = candidates.filter(({ best }) => !best || compareFirst(best, worst) <= 0);
      await mapBounded(candidates.splice(0, some), some, signal, ({ open, segment }, stop) =>
        matches.inSegment(context, open, segment, stop, visit),
      );
    }
    const found = await recordsOf(context, top.rows(), query.members, signal);
    return { found, unreadable: catalog.unreadable.list(), damaged: catalog.damaged.list() };
  });
}

interface Candidate {
  readonly open: OpenExperiment;
  readonly segment: Segment;
  /** No row of the segment comes before it; `undefined` where that is not known. */
  readonly best: FilterRow | undefined;
}

/** The segments that may have wanted rows, those with the best ones first. */
function inOrder(experiments: readonly OpenExperiment[], matches: Matches, orderBy: readonly OrderKey[]): Candidate[] {
  const compare = compareRows(orderBy.slice(0, 1));
  return experiments
    .flatMap((open) => open.segments.map((segment) => ({ open, segment })))
    .filter(({ segment }) => matches.mayBeIn(segment))
    .map(({ open, segment }) => ({ open, segment, best: bestOf(segment, orderBy) }))
    .sort((a, b) => (a.best && b.best ? compare(a.best, b.best) : a.best ? 1 : b.best ? -1 : 0));
}

/** A row that comes before all of a segment by the first key, and ties with none. */
function bestOf(segment: Segment, orderBy: readonly OrderKey[]): FilterRow | undefined {
  const { field, descending } = orderBy[0] ?? START;
  const statistics = statisticsOf(segment, field);
  if (statistics === undefined || statistics.type !== "number") return undefined;
  const bound = descending ? statistics.max : statistics.min;
  if (typeof bound !== "number") return undefined;
  const isStart = field.kind === "attribute" && field.name === "start_time";
  return {
    // Where the start and the id decide, they decide for this row.
    attribute: (name) => (name === "id" ? "\u{10ffff}" : name === "start_time" && !isStart ? Infinity : bound),
    param: () => bound,
    isNested: () => false,
    tag: () => undefined,
    metric: () => bound,
    datasets: () => [],
  };
}

const START: OrderKey = { field: { kind: "attribute", name: "start_time" }, descending: true };

async function recordsOf(
  { backend }: CatalogContext,
  rows: readonly (SegmentRow | RecordedRow)[],
  members: CatalogQuery["members"],
  signal: AbortSignal | undefined,
): Promise<FoundRun[]> {
  const wanted = new Map<Segment, number[]>();
  for (const row of rows) {
    if (!(row instanceof SegmentRow)) continue;
    const own = wanted.get(row.segment);
    if (own) own.push(row.at);
    else wanted.set(row.segment, [row.at]);
  }
  const each = Math.max(1, Math.floor(RECORD_REQUESTS / Math.max(1, wanted.size)));
  const read = new Map<Segment, Map<number, RunRecord>>();
  await Promise.all(
    [...wanted].map(async ([segment, own]) => {
      const fromColumns = members && (await membersFromColumns(segment, backend, own, members, each, signal));
      read.set(segment, fromColumns ?? (await segment.records(backend, own, each, signal)));
    }),
  );
  return rows.map((row) => ({
    row,
    record: row instanceof SegmentRow ? read.get(row.segment)!.get(row.at)! : row.record,
  }));
}
