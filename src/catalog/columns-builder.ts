import { hasLoneSurrogate } from "../bytes/well-formed.ts";
import type { Dictionary } from "../journal/event.ts";
import { attributeValue } from "../journal/run-attributes.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { TableColumn } from "../parquet/table-write.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { formatDatasets, formatVersions } from "./link-cells.ts";
import { attributeColumns, TIME_COLUMNS } from "./column-schema.ts";
import type { Cells } from "./column-cells.ts";
import { flattenParams, NESTED } from "../filter/flatten-params.ts";
import type { SegmentColumns } from "./copied-rows.ts";

/** The most columns of a segment. Values beyond them are only in the records. */
const MAX_COLUMNS = 4000;
/** The greatest length of a column's name. */
const MAX_NAME_LENGTH = 1000;

type Cell = number | boolean | string | bigint | typeof NESTED;

/** The attributes. Their columns always exist, however many other values the runs have. */
const ATTRIBUTES = /* @__PURE__ */ attributeColumns.filter(({ member }) => member !== "id");

interface RowNumbers {
  readonly id: string;
  readonly document: number;
  readonly marker: number;
}

/** The values of a column, only for rows that have one. */
interface SparseColumn {
  readonly rows: number[];
  readonly cells: Cell[];
  numbers: number;
  booleans: number;
  integers: number;
  nested: number;
  /** True if a value cannot be stored unchanged. */
  isUnfit?: boolean;
}

/**
 * Builds the columns of a segment: `run_id`, `document`, `marker`, the attributes, `tags.<key>`, `params.<path>` and
 * `metrics.<key>.<aggregate>`. If a param has values of several types, `params.<path>` holds them as text, and
 * `numbers.<path>` and `booleans.<path>` hold its numbers and booleans too. `integers.<path>` holds the digits of
 * integers that no float64 can hold. `nested.<path>` is true for rows in which the path names a list or an object.
 */
export class ColumnsBuilder {
  readonly #sparse = new Map<string, SparseColumn>(
    [...ATTRIBUTES.map(({ column }) => column), "datasets", "artifacts", "inputs"].map((name) => [name, newColumn()]),
  );
  readonly #rows: RowNumbers[] = [];
  /** True if a value has no column. */
  incomplete = false;

  get rows(): number {
    return this.#rows.length;
  }

  /** The number of cells that hold a value. */
  cells = 0;
  /** The UTF-16 code units of all texts. */
  textLength = 0;

  add({ record, document, marker }: CatalogRow): void {
    const row = this.#rows.push({ id: record.id, document, marker }) - 1;
    const put = (name: string, cell: Cell | undefined): void => this.#put(row, name, cell);
    for (const attribute of ATTRIBUTES) put(attribute.column, attributeValue(record, attribute));
    if (record.datasets.length > 0) put("datasets", formatDatasets(record.datasets));
    for (const list of ["artifacts", "inputs"] as const)
      if (record[list].length > 0) put(list, formatVersions(record[list]));
    for (const key of Object.keys(record.tags)) put(`tags.${key}`, record.tags[key]);
    for (const [path, leaf] of flattenParams(record.params)) put(`params.${path}`, leaf ?? undefined);
    putMetrics(record.metrics, put);
  }

  /** Adds a row of a segment in which every value has a column. */
  addStored({ ids, documents, markers, fields }: SegmentColumns, at: number): RowNumbers {
    const numbers = { id: ids(at), document: Number(documents.at(at)), marker: Number(markers.at(at)) };
    const row = this.#rows.push(numbers) - 1;
    for (const { name, cells } of fields) this.#put(row, name, firstOf(cells, at));
    return numbers;
  }

  /** Builds the columns one at a time, when the caller asks for the next. */
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
      // A name with half of a surrogate pair has no UTF-8 form: several such names would become one.
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
      // Stored as digits in two columns.
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
      // The caller's clock may return fractions of a millisecond, or -0.
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

  /** Puts the values into their rows. Returns which rows have none, if there are any. */
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
