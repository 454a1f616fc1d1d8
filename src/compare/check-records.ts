import { invalidArgument, reading } from "../errors/ledger-error.ts";
import { ownList } from "../arguments/own-list.ts";
import { isComparable } from "../journal/is-run-record.ts";
import type { RunRecord } from "../journal/run-record.ts";

/** Returns a copy of the list. Throws `INVALID_ARGUMENT` for anything but run records. */
export function checkRecords(records: readonly RunRecord[]): readonly RunRecord[] {
  const own = ownList("records", "an array of run records", records);
  for (const [i, record] of own.entries()) {
    const field = `records[${i}]`;
    if (!reading(field, () => isComparable(record))) throw invalidArgument(field, "a run record", record);
  }
  return own;
}
