import type { Aggregate, AttributeName } from "./filter/field.ts";
import type { FilterRow, ParamValue } from "./filter/row.ts";
import type { Cells } from "./column-cells.ts";
import type { Segment } from "./segment.ts";

type Value = ParamValue | undefined;

/** A row of a segment, of the columns that are loaded. `at` may be moved on. */
export class SegmentRow implements FilterRow {
  readonly segment: Segment;
  at: number;
  // By room, then by key: a name put together for each row would take longer than all else.
  readonly #columns: Map<string, Map<string, Cells | undefined>>;

  constructor(segment: Segment, at: number, like?: SegmentRow) {
    this.segment = segment;
    this.at = at;
    this.#columns = like ? like.#columns : new Map();
  }

  /** The same row, that stays where it is. */
  copy(): SegmentRow {
    return new SegmentRow(this.segment, this.at, this);
  }

  attribute(name: AttributeName): string | number | undefined {
    if (name === "id") return this.#value("", "run_id") as string;
    if (name !== "duration") return this.#value("", name) as string | number | undefined;
    const end = this.#value("", "end_time");
    return end === undefined ? undefined : (end as number) - (this.#value("", "start_time") as number);
  }

  param(key: string): Value {
    return this.#value("numbers.", key) ?? this.#value("booleans.", key) ?? this.#value("params.", key);
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

  #value(room: string, key: string): Value {
    let columns = this.#columns.get(room);
    if (columns === undefined) this.#columns.set(room, (columns = new Map()));
    let cells = columns.get(key);
    if (cells === undefined && !columns.has(key)) {
      cells = this.segment.cells(room === "" || room.endsWith(".") ? room + key : `metrics.${key}.${room}`);
      columns.set(key, cells);
    }
    return (cells?.[this.at] ?? undefined) as Value;
  }
}
