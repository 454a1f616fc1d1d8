import { LedgerError } from "../errors/ledger-error.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { onDemand } from "../platform/on-demand.ts";
import { formatFilter } from "../filter/format-filter.ts";
import { recordRow, type FilterRow } from "../filter/filter-row.ts";
import { decodePageToken, encodePageToken, type PageEnd } from "../catalog/page-token.ts";
import { searchCatalog } from "../catalog/search-catalog.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { DamagedRun, UnreadableRun } from "../journal/unreadable-runs.ts";
import type { RunContext } from "../run/run-context.ts";
import { catalogOf } from "../catalog/catalog-context.ts";
import { checkQuery, type RunQuery } from "./run-query.ts";

const rowReading = /* @__PURE__ */ onDemand(() => import("../catalog/read-run-row.ts"));

/** A page of runs. */
export interface RunPage<R = RunRecord> {
  /** The runs, in the order of the query. */
  readonly runs: R[];
  /** The `pageToken` of the next page. Absent on the last page. */
  readonly nextPageToken?: string;
  /** The runs that are left out because they cannot be read, whether or not they match. Absent if there are none. */
  readonly unreadable?: readonly UnreadableRun[];
  /**
   * The runs of the experiment that lost records by damage, whether or not they match. They are searched by the records
   * that are left. Absent if there are none.
   */
  readonly damaged?: readonly DamagedRun[];
}

/** Returns a page of runs; see `Ledger.searchRuns`. */
export async function searchRuns(context: RunContext, query: RunQuery): Promise<RunPage> {
  const { limit, pageToken, fields, signal, ...wanted } = checkQuery(query);
  const paged = { ...wanted, filter: formatFilter(wanted.filter) };
  const after = pageToken === undefined ? undefined : await rowOf(context, decodePageToken(paged, pageToken), signal);
  // One more than asked for shows that there is another page.
  const { found, unreadable, damaged } = await searchCatalog(
    catalogOf(context),
    { ...wanted, most: limit + 1, after, members: fields },
    signal,
  );
  const runs: RunRecord[] = [];
  for (const { record } of found.slice(0, limit)) {
    runs.push(fields ? pick(record, fields) : record);
    if (fields) await breakIfDue();
  }
  const last = found[limit - 1];
  return {
    runs,
    ...(found.length > limit &&
      last && { nextPageToken: encodePageToken(paged, fields ? last.row : recordRow(last.record)) }),
    ...(unreadable.length > 0 && { unreadable }),
    ...(damaged.length > 0 && { damaged }),
  };
}

/** Returns the row of the last run of a page. */
async function rowOf(
  { backend }: RunContext,
  { id, row }: PageEnd,
  signal: AbortSignal | undefined,
): Promise<FilterRow> {
  if (row) return row;
  const { readRow } = await rowReading();
  try {
    return recordRow((await readRow(backend, id, signal)).record);
  } catch (cause) {
    if (!LedgerError.hasCode(cause, "NOT_FOUND")) throw cause;
    const message = `pageToken continues after run ${id}, which is gone: search again from the first page`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "pageToken", cause });
  }
}

function pick(record: RunRecord, fields: readonly (keyof RunRecord)[]): RunRecord {
  const wanted = new Set<string>([...fields, "id"]);
  return Object.fromEntries(Object.entries(record).filter(([key]) => wanted.has(key))) as unknown as RunRecord;
}
