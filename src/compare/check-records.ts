import { invalidArgument, reading } from "../errors/ledger-error.ts";
import { ownList } from "../arguments/own-list.ts";
import { isComparable } from "../journal/is-run-record.ts";
import type { Dictionary } from "../journal/event.ts";
import type { MetricSummary } from "../journal/metric-summary.ts";
import type { RunRecord } from "../journal/run-record.ts";

/** The record of a run, also of one that `search` of a typed experiment returned. */
export type ComparableRecord = Omit<RunRecord, "metrics"> & {
  /** The summary of each metric, by its name. */
  readonly metrics: Dictionary<MetricSummary | undefined>;
};

/** Returns a copy of the list. Throws `INVALID_ARGUMENT` for anything but run records. */
export function checkRecords(records: readonly ComparableRecord[]): readonly RunRecord[] {
  const own = ownList("records", "an array of run records", records);
  for (const [i, record] of own.entries()) {
    const field = `records[${i}]`;
    if (!reading(field, () => isComparable(record))) throw invalidArgument(field, "a run record", record);
  }
  return own as readonly RunRecord[];
}
