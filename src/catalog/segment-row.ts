import type { Aggregate, AttributeName } from "../filter/field.ts";
import type { FilterRow, ParamValue } from "../filter/row.ts";
import type { Cells } from "./column-cells.ts";
import { NESTED } from "../filter/flatten-params.ts";
import { paramCells } from "./segment-fields.ts";
import type { Segment } from "./segment.ts";

type Value = ParamValue | typeof NESTED | undefined;

/** A row of a segment, of the columns that are loaded. `at` may be moved on. */
export class SegmentRow implements FilterRow {
  readonly segment: Segment;
  at: number;
  // By room, then by key: a name put together for each row would take longer than all else.
  readonly #columns: Map<string, Map<string, readonly Cells[]>>;

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
    if (name === "id") return this.segment.idAt(this.at);
    if (name !== "duration") return this.#value("", name) as string | number | undefined;
    const end = this.#value("", "end_time");
    return end === undefined ? undefined : (end as number) - (this.#value("", "start_time") as number);
  }

  param(key: string): ParamValue | undefined {
    const value = this.#value("params.", key);
    return value === NESTED ? undefined : value;
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

  #value(room: string, key: string): Value {
    let columns = this.#columns.get(room);
    if (columns === undefined) this.#columns.set(room, (columns = new Map()));
    let found = columns.get(key);
    if (found === undefined) columns.set(key, (found = this.#find(room, key)));
    for (let i = 0; i < found.length; i++) {
      const value = found[i]!.at(this.at) ?? null;
      if (value !== null) return value;
    }
    return undefined;
  }

  /** The columns that hold a field, of which one has the value of a row. */
  #find(room: string, key: string): readonly Cells[] {
    if (room === "params.") return paramCells(this.segment, key);
    const name = room === "" || room === "tags." ? room + key : `metrics.${key}.${room}`;
    return [this.segment.cells(name)].filter((cells) => cells !== undefined);
  }
}
