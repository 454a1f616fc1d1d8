import { hasLoneSurrogate } from "../bytes/well-formed.ts";
import type { Dictionary } from "../journal/event.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { TableColumn } from "../parquet/table-write.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { attributeColumns, TIME_COLUMNS } from "./column-schema.ts";
import type { Cells } from "./column-cells.ts";
import { flattenParams, NESTED } from "../filter/flatten-params.ts";
import type { SegmentColumns } from "./copied-rows.ts";

/** Most columns of a segment. Of what has no column only the record itself tells. */
const MAX_COLUMNS = 4000;
/** Longest name of a column. */
const MAX_NAME_LENGTH = 1000;

type Cell = number | boolean | string | bigint | typeof NESTED;

/** Attributes that every run may have: there is room for them, whatever else runs have. */
const ATTRIBUTES = /* @__PURE__ */ attributeColumns.filter(({ member }) => member !== "id");

interface RowNumbers {
  readonly id: string;
  readonly document: number;
  readonly marker: number;
}

/** The values of a column, where there are any. */
interface SparseColumn {
  readonly rows: number[];
  readonly cells: Cell[];
  numbers: number;
  booleans: number;
  integers: number;
  nested: number;
  /** It cannot be stored as it is. */
  isUnfit?: boolean;
}

/**
 * The columns of a segment: `run_id`, `document`, `marker`, what every run has, `tags.<key>`, `params.<path>` and
 * `metrics.<key>.<aggregate>`. A param that is now a number and now something else is text in `params.<path>`, and its numbers
 * and booleans are in `numbers.<path>` and `booleans.<path>` too. `integers.<path>` has the digits of integers that no float64 holds;
 * `nested.<path>` is true where the path names a list or an object.
 */
export class ColumnsBuilder {
  readonly #sparse = new Map<string, SparseColumn>(
    [...ATTRIBUTES.map(({ column }) => column), "datasets"].map((name) => [name, newColumn()]),
  );
  readonly #rows: RowNumbers[] = [];
  /** Something has no column. */
  incomplete = false;

  get rows(): number {
    return this.#rows.length;
  }

  /** Cells that hold a value. */
  cells = 0;
  /** UTF-16 code units of all texts. */
  textLength = 0;

  add({ record, document, marker }: CatalogRow): void {
    const row = this.#rows.push({ id: record.id, document, marker }) - 1;
    const put = (name: string, cell: Cell | undefined): void => this.#put(row, name, cell);
    for (const { column, member } of ATTRIBUTES) put(column, record[member]);
    if (record.datasets.length > 0) put("datasets", JSON.stringify(record.datasets));
    for (const key of Object.keys(record.tags)) put(`tags.${key}`, record.tags[key]);
    for (const [path, leaf] of flattenParams(record.params)) put(`params.${path}`, leaf ?? undefined);
    putMetrics(record.metrics, put);
  }

  /** The same of a row of a segment that has a column for everything. */
  addStored({ ids, documents, markers, fields }: SegmentColumns, at: number): RowNumbers {
    const numbers = { id: ids(at), document: Number(documents.at(at)), marker: Number(markers.at(at)) };
    const row = this.#rows.push(numbers) - 1;
    for (const { name, cells } of fields) this.#put(row, name, firstOf(cells, at));
    return numbers;
  }

  /** Built one at a time, as they are asked for. */
  *columns(): Generator<TableColumn> {
    yield { name: "run_id", type: "string", values: this.#rows.map(({ id }) => id) };
    yield { name: "document", type: "int64", values: Float64Array.from(this.#rows, ({ document }) => document) };
    yield { name: "marker", type: "int64", values: Float64Array.from(this.#rows, ({ marker }) => marker) };
    for (const [name, column] of this.#sparse)
      if (column.rows.length > 0 && !column.isUnfit) yield* this.#dense(name, column);
  }

  #put(row: number, name: string, cell: Cell | undefined): void {
    if (cell === undefined) return;
    let column = this.#sparse.get(name);
    if (column === undefined) {
      // Halves of surrogate pairs are no text: several names would become one.
      if (this.#sparse.size === MAX_COLUMNS || name.length > MAX_NAME_LENGTH || hasLoneSurrogate(name)) {
        this.incomplete = true;
        return;
      }
      this.#sparse.set(name, (column = newColumn()));
    }
    if (typeof cell === "number") column.numbers++;
    else if (typeof cell === "boolean") column.booleans++;
    else if (typeof cell === "bigint") {
      column.integers++;
      // As digits, in two columns.
      this.textLength += 2 * String(cell).length;
    } else if (cell === NESTED) column.nested++;
    else {
      this.textLength += cell.length;
      if (hasLoneSurrogate(cell)) this.incomplete = column.isUnfit = true;
    }
    column.rows.push(row);
    column.cells.push(cell);
    this.cells++;
  }

  *#dense(name: string, column: SparseColumn): Generator<TableColumn> {
    const { cells, numbers, booleans, integers, nested } = column;
    const path = name.slice("params.".length);
    const isNumber = (cell: Cell): cell is number => typeof cell === "number";
    const isBoolean = (cell: Cell): cell is boolean => typeof cell === "boolean";
    const ofNumbers = (named: string): TableColumn => {
      const values = new Float64Array(this.rows);
      const nulls = this.#spread(column, values, (cell) => (isNumber(cell) ? cell : undefined));
      // A clock of the caller's may have told fractions of a millisecond, or -0.
      const isTime =
        TIME_COLUMNS.includes(named) && values.every((ms) => Number.isSafeInteger(ms) && !Object.is(ms, -0));
      return { name: named, type: isTime ? "timestamp" : "double", values, ...nulls };
    };
    const ofBooleans = (named: string): TableColumn => {
      const values = new Array<boolean>(this.rows).fill(false);
      const nulls = this.#spread(column, values, (cell) => (isBoolean(cell) ? cell : undefined));
      return { name: named, type: "boolean", values, ...nulls };
    };
    const ofTexts = (named: string, toText: (cell: Cell) => string | undefined): TableColumn => {
      const values = new Array<string>(this.rows).fill("");
      const nulls = this.#spread(column, values, toText);
      return { name: named, type: "string", values, ...nulls };
    };
    if (nested > 0) {
      const values = new Array<boolean>(this.rows).fill(false);
      const nulls = this.#spread(column, values, (cell) => (cell === NESTED ? true : undefined));
      yield { name: `nested.${path}`, type: "boolean", values, ...nulls };
    }
    const leaves = cells.length - nested;
    if (leaves === 0) return;
    if (numbers === leaves) return yield ofNumbers(name);
    if (booleans === leaves) return yield ofBooleans(name);
    yield ofTexts(name, (cell) => (cell === NESTED ? undefined : String(cell)));
    if (integers > 0)
      yield ofTexts(`integers.${path}`, (cell) => (typeof cell === "bigint" ? String(cell) : undefined));
    if (numbers > 0) yield ofNumbers(`numbers.${path}`);
    if (booleans > 0) yield ofBooleans(`booleans.${path}`);
  }

  /** Puts the values into their rows. Says which have none, if there are any. */
  #spread<T extends Cell>(
    { rows, cells }: SparseColumn,
    values: { [row: number]: T },
    toValue: (cell: Cell) => T | undefined,
  ): { nulls?: boolean[] } {
    const nulls = new Array<boolean>(this.rows).fill(true);
    let left = this.rows;
    for (let i = 0; i < rows.length; i++) {
      const value = toValue(cells[i]!);
      if (value === undefined) continue;
      values[rows[i]!] = value;
      nulls[rows[i]!] = false;
      left--;
    }
    return left > 0 ? { nulls } : {};
  }
}

function firstOf(columns: readonly Cells[], at: number): Cell | undefined {
  for (const cells of columns) {
    const cell = cells.at(at) ?? undefined;
    if (cell !== undefined) return cell;
  }
  return undefined;
}

const newColumn = (): SparseColumn => ({ rows: [], cells: [], numbers: 0, booleans: 0, integers: 0, nested: 0 });

function putMetrics(metrics: RunRecord["metrics"], put: (name: string, cell: number | undefined) => void): void {
  for (const key of Object.keys(metrics) as (keyof Dictionary)[]) {
    const { last, min, max, best, mean, count } = metrics[key]!;
    put(`metrics.${key}.last`, last.value);
    put(`metrics.${key}.min`, min?.value);
    put(`metrics.${key}.max`, max?.value);
    put(`metrics.${key}.mean`, mean);
    put(`metrics.${key}.count`, count);
    put(`metrics.${key}.best`, best?.value);
  }
}
