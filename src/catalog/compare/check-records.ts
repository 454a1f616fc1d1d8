import { invalidArgument } from "../../backend/error.ts";
import type { RunRecord } from "../../journal/run-record.ts";

function checkRecord(record: RunRecord, field: string): void {
  const { id, params, tags, metrics } = (record ?? {}) as Partial<RunRecord>;
  if (typeof id !== "string" || [params, tags, metrics].some((part) => typeof part !== "object" || part === null))
    throw invalidArgument(field, "a run record", record);
}

export function checkRecords(records: readonly RunRecord[]): void {
  if (!Array.isArray(records)) throw invalidArgument("records", "an array of run records", records);
  for (const [i, record] of records.entries()) checkRecord(record, `records[${i}]`);
}
