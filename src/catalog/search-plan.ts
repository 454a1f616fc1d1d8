import { fieldsOf, type Filter } from "../filter/filter.ts";
import { compileFilter } from "../filter/compile-filter.ts";
import { couldMatch } from "../filter/could-match.ts";
import type { Field } from "../filter/field.ts";
import { recordRow, type FilterRow } from "../filter/filter-row.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { Segment } from "./segment.ts";
import { presentIn, statisticsOf } from "./field-columns.ts";

/** Which runs to show: those that are not deleted, only deleted ones, or all. */
export type View = "active" | "deleted" | "all";

/** Which runs a query wants. */
export interface WantedRuns {
  readonly experiment: string | undefined;
  readonly filter: Filter;
  readonly view: View;
}

/** The row of a run whose record was read. */
export interface RecordedRow extends FilterRow {
  readonly record: RunRecord;
}

/** How a query selects its rows: the test, the segments and the fields. */
export class SearchPlan {
  readonly wanted: WantedRuns;
  readonly matches: (row: FilterRow) => boolean;
  /** Every field that the filter or the caller reads. */
  readonly fields: readonly Field[];

  /** Whether the caller reads all params. */
  readonly allParams: boolean;

  /** `fields` are those that the caller reads from the rows. */
  constructor(wanted: WantedRuns, fields: readonly Field[], allParams = false) {
    this.allParams = allParams;
    this.wanted = wanted;
    this.matches = compileFilter(wanted.filter);
    this.fields = [...fieldsOf(wanted.filter), ...fields];
  }

  isOfExperiment(record: RunRecord): boolean {
    const { experiment } = this.wanted;
    return experiment === undefined || record.experiment === experiment;
  }

  /** Returns the row of a record, or `undefined` if the query does not want the run. */
  rowOf(record: RunRecord): RecordedRow | undefined {
    const { view } = this.wanted;
    if (!this.isOfExperiment(record)) return undefined;
    if (view !== "all" && (record.deletedAt === undefined) !== (view === "active")) return undefined;
    const row = Object.assign(recordRow(record), { record });
    return this.matches(row) ? row : undefined;
  }

  /** Returns false only if the statistics in the footer of a segment rule out every row. */
  mayBeIn(segment: Segment): boolean {
    const { filter, view } = this.wanted;
    const deleted = presentIn(segment, "deleted_at");
    if (view === "active" && deleted === segment.rows) return false;
    if (view === "deleted" && deleted === 0) return false;
    return couldMatch(filter, (field) => statisticsOf(segment, field));
  }
}
