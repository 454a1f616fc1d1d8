import type { Backend } from "../backend/backend.ts";
import type { FilterRow } from "../filter/filter-row.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import type { RecordedRow } from "./search-plan.ts";
import { SegmentRow } from "./segment-rows.ts";
import { decodeRecord, encodeRecord } from "./record-json.ts";
import type { Segment } from "./segment.ts";
import { attributeColumns } from "./column-schema.ts";

/** The most requests for records, for all segments together. Each segment that has some gets at least one. */
export const RECORD_REQUESTS = 5;

/** A run that was found: its row, and its record, which may lack members that the caller does not want. */
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
  const found: FoundRun[] = [];
  for (const row of rows) {
    // A copy, because the ledger may remember the record and store it in a segment, and callers may change theirs.
    const record =
      row instanceof SegmentRow ? read.get(row.segment)!.get(row.at)! : decodeRecord(encodeRecord(row.record));
    found.push({ row, record });
    await breakIfDue();
  }
  return found;
}

/** The most bytes of columns that are read instead of records. */
const MAX_BYTES = 1_048_576;

/**
 * Returns records of some rows with only `id` and the `members`, from columns, with at most `most` requests. Returns
 * `undefined` if the columns do not have all members, or take more to read than the records.
 */
export async function membersFromColumns(
  segment: Segment,
  backend: Backend,
  rows: readonly number[],
  members: readonly (keyof RunRecord)[],
  most: number,
  signal: AbortSignal | undefined,
): Promise<Map<number, RunRecord> | undefined> {
  const wanted = new Map<keyof RunRecord, string>([["id", "run_id"]]);
  for (const member of members) {
    // Not tags, because each key has its own column, and there may be many keys.
    const { column } = attributeColumns.find((each) => each.of === undefined && each.member === member) ?? {};
    if (column === undefined) return undefined;
    wanted.set(member, column);
  }
  const columns = [...wanted.values()];
  if (segment.directory.incomplete && columns.some((column) => segment.column(column) === undefined)) return undefined;
  const bytes = columns.reduce((sum, column) => sum + (segment.column(column)?.size ?? 0), 0);
  if (bytes > MAX_BYTES) return undefined;
  await segment.load(backend, columns, most, signal);
  return new Map(
    rows.map((at) => {
      const found = [...wanted].flatMap(([member, column]) => {
        const cell = (member === "id" ? segment.idAt(at) : segment.cells(column)?.at(at)) ?? null;
        return cell === null ? [] : [[member, cell] as const];
      });
      return [at, Object.fromEntries(found) as unknown as RunRecord];
    }),
  );
}
