import type { FilterRow } from "../filter/row.ts";
import { columnsOf } from "../filter/columns.ts";
import { compileFilter } from "../filter/compile-filter.ts";
import { couldMatch } from "../filter/could-match.ts";
import type { Field } from "../filter/field.ts";
import type { Filter } from "../filter/filter.ts";
import { recordRow } from "../filter/record-row.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { isCurrent, type OpenExperiment } from "./open-experiment.ts";
import type { Segment } from "./segment.ts";
import { columnsFor, isAll, isOnlyInRecords, presentIn, statisticsOf } from "./segment-fields.ts";
import { SegmentRow } from "./segment-row.ts";

/** Requests for the columns of a segment, at most. */
export const COLUMN_REQUESTS = 2;
/** Records read at once where only they tell. */
const RECORDS_AT_ONCE = 512;

export type View = "active" | "deleted" | "all";

/** Which runs are looked for, and which fields of them are needed besides. */
export interface Wanted {
  readonly experiment: string | undefined;
  readonly filter: Filter;
  readonly view: View;
  readonly fields: readonly Field[];
}

/** A run whose record is at hand. */
export interface RecordedRow extends FilterRow {
  readonly record: RunRecord;
}

/** Finds the rows of the runs that are wanted. */
export class Matches {
  readonly #wanted: Wanted;
  readonly #test: (row: FilterRow) => boolean;
  readonly #fields: readonly Field[];

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
    this.#test = compileFilter(wanted.filter);
    this.#fields = [...columnsOf(wanted.filter), ...wanted.fields];
  }

  isOfExperiment(record: RunRecord): boolean {
    const { experiment } = this.#wanted;
    return experiment === undefined || record.experiment === experiment;
  }

  /** The row of a record, if it is wanted. */
  ofRecord(record: RunRecord): RecordedRow | undefined {
    const { view } = this.#wanted;
    if (!this.isOfExperiment(record)) return undefined;
    if (view !== "all" && (record.deletedAt === undefined) !== (view === "active")) return undefined;
    const row = Object.assign(recordRow(record), { record });
    return this.#test(row) ? row : undefined;
  }

  /** Whether a segment may have wanted rows, by its footer. */
  mayBeIn(segment: Segment): boolean {
    const { filter, view } = this.#wanted;
    const deleted = presentIn(segment, "deleted_at");
    if (view === "active" && deleted === segment.rows) return false;
    if (view === "deleted" && deleted === 0) return false;
    return couldMatch(filter, (field) => statisticsOf(segment, field));
  }

  /** Calls `visit` with each. A {@link SegmentRow} is one object that moves on: `copy()` what is kept. */
  async inSegment(
    { backend }: CatalogContext,
    open: OpenExperiment,
    segment: Segment,
    signal: AbortSignal | undefined,
    visit: (row: SegmentRow | RecordedRow) => void,
  ): Promise<void> {
    const { experiment, view } = this.#wanted;
    const columns = ["run_id", "start_time", ...this.#fields.flatMap(columnsFor)];
    const ofOthers = experiment !== undefined && !isAll(segment, "experiment", experiment);
    if (ofOthers) columns.push("experiment");
    if (view !== "all") columns.push("deleted_at");
    const mayBeOld = open.newest.size > 0;
    if (mayBeOld) columns.push("document", "marker");
    await segment.load(backend, columns, COLUMN_REQUESTS, signal);
    const experiments = ofOthers ? segment.cells("experiment") : undefined;
    const deletedAt = view === "all" ? undefined : segment.cells("deleted_at");
    const documents = segment.cells("document");
    const markers = segment.cells("marker");
    const isRead = !this.#fields.some((field) => isOnlyInRecords(segment, field));
    const row = new SegmentRow(segment, 0);
    const unread: number[] = [];
    for (let at = 0; at < segment.rows; at++) {
      if (experiments && experiments.at(at) !== experiment) continue;
      if (deletedAt && ((deletedAt.at(at) ?? null) === null) !== (view === "active")) continue;
      if (mayBeOld && !isCurrent(open.newest, segment.idAt(at), Number(documents?.at(at)), Number(markers?.at(at))))
        continue;
      if (!isRead) {
        unread.push(at);
        continue;
      }
      row.at = at;
      if (this.#test(row)) visit(row);
    }
    for (let i = 0; i < unread.length; i += RECORDS_AT_ONCE) {
      const records = await segment.records(backend, unread.slice(i, i + RECORDS_AT_ONCE), 1, signal);
      for (const record of records.values()) {
        const found = this.ofRecord(record);
        if (found) visit(found);
      }
    }
  }
}
