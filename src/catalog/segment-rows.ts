import type { AttributeName } from "../filter/attributes.ts";
import type { Aggregate } from "../filter/field.ts";
import { NESTED, type ParamValue } from "../filter/flatten-params.ts";
import type { FilterRow } from "../filter/filter-row.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { isCurrent } from "./catalog-row.ts";
import type { Cells } from "./column-cells.ts";
import type { OpenExperiment } from "./open-experiment.ts";
import type { RecordedRow, SearchPlan } from "./search-plan.ts";
import { allParamColumns, columnsFor, isAll, isOnlyInRecords, paramCells, paramPathsOf } from "./field-columns.ts";
import type { Segment } from "./segment.ts";

/** The most requests for the columns of a segment. */
export const COLUMN_REQUESTS = 2;
/**
 * The most rows of a batch. A segment may have 32,768 rows, and those of a batch can be collected before the next one.
 */
const ROWS_AT_ONCE = 1024;
/** The most records read at once if no column has a field. */
const RECORDS_AT_ONCE = 512;

/**
 * Yields the rows of a segment that `plan` wants, in batches: first those that the columns show, then those that only
 * the records show.
 */
export async function* segmentRows(
  { backend }: CatalogContext,
  { open, segment }: { readonly open: OpenExperiment; readonly segment: Segment },
  plan: SearchPlan,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly (SegmentRow | RecordedRow)[], void, undefined> {
  const { experiment, view } = plan.wanted;
  const params = plan.allParams ? allParamColumns(segment) : [];
  const columns = ["run_id", "start_time", ...plan.fields.flatMap(columnsFor), ...params];
  const hasOthers = experiment !== undefined && !isAll(segment, "experiment", experiment);
  if (hasOthers) columns.push("experiment");
  if (view !== "all") columns.push("deleted_at");
  const mayBeOld = open.newest.size > 0;
  if (mayBeOld) columns.push("document", "marker");
  await segment.load(backend, columns, COLUMN_REQUESTS, signal);

  const experiments = hasOthers ? segment.cells("experiment") : undefined;
  const deletedAt = view === "all" ? undefined : segment.cells("deleted_at");
  const documents = segment.cells("document");
  const markers = segment.cells("marker");
  const isRead =
    !(plan.allParams && segment.directory.incomplete) && !plan.fields.some((field) => isOnlyInRecords(segment, field));
  const row = new SegmentRow(segment, 0);
  let found: SegmentRow[] = [];
  const unread: number[] = [];
  for (const { start, end } of open.ranges?.get(segment) ?? [{ start: 0, end: segment.rows }]) {
    for (let at = start; at < end; at++) {
      if ((at - start) % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await breakIfDue();
      if (experiments && experiments.at(at) !== experiment) continue;
      if (deletedAt && ((deletedAt.at(at) ?? null) === null) !== (view === "active")) continue;
      if (mayBeOld && !isCurrent(open.newest, segment.idAt(at), Number(documents?.at(at)), Number(markers?.at(at))))
        continue;
      row.at = at;
      if (!isRead) unread.push(at);
      else if (plan.matches(row)) found.push(row.copy());
      if (found.length === ROWS_AT_ONCE) {
        yield found;
        found = [];
      }
    }
  }
  yield found;

  for (let i = 0; i < unread.length; i += RECORDS_AT_ONCE) {
    const records = await segment.records(backend, unread.slice(i, i + RECORDS_AT_ONCE), 1, signal);
    yield [...records.values()].flatMap((record) => plan.rowOf(record) ?? []);
  }
}

type Value = ParamValue | typeof NESTED | undefined;

/** A row of a segment, read from the loaded columns. */
export class SegmentRow implements FilterRow {
  readonly segment: Segment;
  at: number;
  // By group, then by key, because joining a name for each row would take longer than all other work.
  readonly #columns: Map<string, Map<string, readonly Cells[]>>;

  constructor(segment: Segment, at: number, like?: SegmentRow) {
    this.segment = segment;
    this.at = at;
    this.#columns = like ? like.#columns : new Map();
  }

  /** Returns the same row as an object of its own, so that `at` of this one can move on. */
  copy(): SegmentRow {
    return new SegmentRow(this.segment, this.at, this);
  }

  attribute(name: AttributeName): string | number | undefined {
    if (name === "id") return this.segment.idAt(this.at);
    if (name !== "duration") return this.#value("", name) as string | number | undefined;
    const end = this.#value("", "end_time");
    return end === undefined ? undefined : (end as number) - (this.#value("", "start_time") as number);
  }

  param(key: string): ParamValue | undefined {
    const value = this.#value("params.", key);
    return value === NESTED ? undefined : value;
  }

  paramPaths(): readonly string[] {
    return paramPathsOf(this.segment);
  }

  isNested(key: string): boolean {
    return this.#value("params.", key) === NESTED;
  }

  tag(key: string): string | undefined {
    return this.#value("tags.", key) as string | undefined;
  }

  metric(key: string, aggregate: Aggregate): number | undefined {
    return this.#value(aggregate, key) as number | undefined;
  }

  datasets(): ReturnType<FilterRow["datasets"]> {
    const text = this.#value("", "datasets");
    return typeof text === "string" ? this.segment.parseDatasets(text) : [];
  }

  #value(group: string, key: string): Value {
    let columns = this.#columns.get(group);
    if (columns === undefined) this.#columns.set(group, (columns = new Map()));
    let found = columns.get(key);
    if (found === undefined) columns.set(key, (found = this.#find(group, key)));
    for (let i = 0; i < found.length; i++) {
      const value = found[i]!.at(this.at) ?? null;
      if (value !== null) return value;
    }
    return undefined;
  }

  /** Returns the columns that hold a field. At most one has the value of a row. */
  #find(group: string, key: string): readonly Cells[] {
    if (group === "params.") return paramCells(this.segment, key);
    const name = group === "" || group === "tags." ? group + key : `metrics.${key}.${group}`;
    return [this.segment.cells(name)].filter((cells) => cells !== undefined);
  }
}
