import { reading } from "../errors/ledger-error.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { recordRow } from "../filter/record-row.ts";
import { checkRecords } from "./check-records.ts";
import { goalOf } from "./metric-value.ts";
import { type RunGroup, RowSummary, type SummaryQuery } from "./row-summary.ts";

/**
 * Groups runs by fields and aggregates their metrics. The goal of a metric, unless the query says it, is what the runs define.
 * `INVALID_ARGUMENT` names what is wrong in the query.
 */
export function summariseRecords(given: readonly RunRecord[], query: SummaryQuery = {}): RunGroup[] {
  return reading("records", () => {
    const records = checkRecords(given);
    const summary = new RowSummary(query);
    for (const record of records) summary.add(recordRow(record), (key) => goalOf(record, key));
    return summary.result();
  });
}
