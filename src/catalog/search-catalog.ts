import { compareRows, type OrderKey } from "../filter/order-by.ts";
import type { FilterRow } from "../filter/filter-row.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { DamagedRun, UnreadableRun } from "../journal/unreadable-runs.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { rowsOutsideSegments } from "./row-sources.ts";
import { type FoundRun, readFoundRecords } from "./found-records.ts";
import type { OpenCatalog } from "./open-catalog.ts";
import { rankSegments, thatMayBeat } from "./ranked-segments.ts";
import { readCatalog } from "./read-catalog.ts";
import { type RecordedRow, SearchPlan, type WantedRuns } from "./search-plan.ts";
import { type SegmentRow, segmentRows } from "./segment-rows.ts";
import { TopRows } from "./top-rows.ts";

/** The number of segments read at a time, after the first ones, which may already have all the runs that are needed. */
const SEGMENTS_AT_ONCE = 8;

export interface CatalogQuery extends WantedRuns {
  readonly orderBy: readonly OrderKey[];
  /** The most runs to find. */
  readonly most: number;
  /** Finds only rows after this one. */
  readonly after: FilterRow | undefined;
  /** Members of the records that are wanted; `undefined`: all. */
  readonly members: readonly (keyof RunRecord)[] | undefined;
}

/** The runs that were found, in order, those that could not be read, and those that lost records. */
export interface FoundRuns {
  readonly found: readonly FoundRun[];
  readonly unreadable: readonly UnreadableRun[];
  readonly damaged: readonly DamagedRun[];
}

/** Finds the first runs that match, in order. */
export async function searchCatalog(
  context: CatalogContext,
  query: CatalogQuery,
  signal: AbortSignal | undefined,
): Promise<FoundRuns> {
  return await readCatalog(context, query.experiment, signal, (catalog) => findFirst(context, catalog, query, signal));
}

/** The stages of a search: query, plan, runs with entries and segments, rows, the first rows, their records. */
async function findFirst(
  context: CatalogContext,
  catalog: OpenCatalog,
  query: CatalogQuery,
  signal: AbortSignal | undefined,
): Promise<FoundRuns> {
  const { orderBy, most, after, members } = query;
  const fields = orderBy.map(({ field }) => field);
  const plan = new SearchPlan(query, fields);
  const top = new TopRows<SegmentRow | RecordedRow>(compareRows(orderBy), most, after);

  for await (const rows of rowsOutsideSegments(context, catalog, plan, signal)) top.add(rows);

  let segments = rankSegments(catalog.experiments, plan, orderBy);
  for (let atOnce = 1; segments.length > 0; atOnce = Math.min(2 * atOnce, SEGMENTS_AT_ONCE)) {
    segments = thatMayBeat(top.worst, segments, orderBy);
    await mapBounded(segments.splice(0, atOnce), atOnce, signal, async (segment, stop) => {
      for await (const rows of segmentRows(context, segment, plan, stop)) top.add(rows);
    });
  }

  const found = await readFoundRecords(context.backend, top.rows(), members, signal);
  return { found, unreadable: catalog.unreadable.list(), damaged: catalog.damaged.list() };
}
