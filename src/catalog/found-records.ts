import type { Backend } from "../backend/backend.ts";
import type { FilterRow } from "../filter/row.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { membersFromColumns } from "./members-from-columns.ts";
import type { RecordedRow } from "./search-plan.ts";
import { SegmentRow } from "./segment-rows.ts";
import type { Segment } from "./segment.ts";

/** Requests for records, at most, all segments together; but one for each segment that has some. */
export const RECORD_REQUESTS = 5;

/** A run that was found: its row, and its record, which may lack members that are not wanted. */
export interface FoundRun {
  readonly row: FilterRow;
  readonly record: RunRecord;
}

/** Reads the records of rows, or only their `members`, if given. */
export async function readFoundRecords(
  backend: Backend,
  rows: readonly (SegmentRow | RecordedRow)[],
  members: readonly (keyof RunRecord)[] | undefined,
  signal: AbortSignal | undefined,
): Promise<FoundRun[]> {
  const bySegment = new Map<Segment, number[]>();
  for (const row of rows) {
    if (!(row instanceof SegmentRow)) continue;
    const own = bySegment.get(row.segment);
    if (own) own.push(row.at);
    else bySegment.set(row.segment, [row.at]);
  }
  const requests = Math.max(1, Math.floor(RECORD_REQUESTS / Math.max(1, bySegment.size)));
  const read = new Map<Segment, Map<number, RunRecord>>();
  await Promise.all(
    [...bySegment].map(async ([segment, own]) => {
      const fromColumns = members && (await membersFromColumns(segment, backend, own, members, requests, signal));
      read.set(segment, fromColumns ?? (await segment.records(backend, own, requests, signal)));
    }),
  );
  return rows.map((row) => ({
    row,
    record: row instanceof SegmentRow ? read.get(row.segment)!.get(row.at)! : row.record,
  }));
}
