import { hasLoneSurrogate, toWellFormed } from "../bytes/well-formed.ts";
import type { TableColumn } from "../parquet/table-write.ts";
import { isDate } from "../platform/any-realm.ts";
import { MAX_VALUE_BYTES } from "./content.ts";
import { impossible, tooLarge, wrongInput } from "./wrong-input.ts";

type CellType = "number" | "bigint" | "string" | "boolean" | "date";

/** What a table is for. */
export interface TableUse {
  /** The name of the table in errors. */
  readonly root: string;
  /** Whether texts that UTF-8 cannot hold are refused. Otherwise they are changed. */
  readonly isExact: boolean;
}

/** Collects the cells of a column in order. The first cell that is not `null` sets the column's type. */
export class ColumnBuilder {
  readonly #name: string;
  readonly #rows: number;
  readonly #use: TableUse;
  #type: CellType | undefined;
  #numbers: Float64Array = new Float64Array(0);
  #bigints: BigInt64Array = new BigInt64Array(0);
  #values: (string | boolean)[] = [];
  #nulls: boolean[] | undefined;
  /** The number of bytes that the column takes. */
  held = 0;

  constructor(name: string, rows: number, use: TableUse) {
    this.#name = name;
    this.#rows = rows;
    this.#use = use;
  }

  get holdsDates(): boolean {
    return this.#type === "date";
  }

  /** Sets the cells of the rows `[from, to)`, which are the first ones of `cells`. To be called in the order of rows. */
  set(from: number, to: number, cells: ArrayLike<unknown>): void {
    for (let row = from; row < to; row++) {
      this.#set(row, cells[row - from]);
      // Cells that are like the one before need few checks.
      row = this.#setLike(row + 1, to, cells, from) - 1;
    }
  }

  /**
   * Sets the cells from `row` on as long as they are valid and of the type of the column. Returns the row of the first
   * other one.
   */
  #setLike(row: number, to: number, cells: ArrayLike<unknown>, from: number): number {
    switch (this.#type) {
      case "number": {
        const numbers = this.#numbers;
        for (; row < to; row++) {
          const cell = cells[row - from];
          if (typeof cell !== "number") break;
          numbers[row] = cell;
        }
        break;
      }
      case "date": {
        const numbers = this.#numbers;
        for (; row < to; row++) {
          const time = timeOf(cells[row - from]);
          if (Number.isNaN(time)) break;
          numbers[row] = time;
        }
        break;
      }
      case "bigint": {
        const bigints = this.#bigints;
        for (; row < to; row++) {
          const cell = cells[row - from];
          if (typeof cell !== "bigint") break;
          bigints[row] = cell;
          // The array keeps 64 bits.
          if (bigints[row] !== cell) break;
        }
        break;
      }
      case "boolean":
        for (; row < to; row++) {
          const cell = cells[row - from];
          if (typeof cell !== "boolean") break;
          this.#values.push(cell);
        }
        break;
      case "string": {
        let { held } = this;
        for (; row < to; row++) {
          const cell = cells[row - from];
          if (typeof cell !== "string" || hasLoneSurrogate(cell) || held + 2 * cell.length > MAX_VALUE_BYTES) break;
          held += 2 * cell.length;
          this.#values.push(cell);
        }
        this.held = held;
        break;
      }
    }
    return row;
  }

  #set(row: number, cell: unknown): void {
    if (cell === null) {
      if (this.#nulls === undefined) {
        this.#nulls = new Array<boolean>(this.#rows).fill(false);
        this.held += this.#rows;
      }
      this.#nulls[row] = true;
      if (this.#type === "string") this.#values.push("");
      else if (this.#type === "boolean") this.#values.push(false);
      return;
    }
    const type = isDate(cell) ? "date" : typeof cell;
    if (type !== this.#type) this.#begin(type, row, cell);
    switch (this.#type) {
      case "number":
        this.#numbers[row] = cell as number;
        return;
      case "date": {
        const time = (cell as Date).getTime();
        if (Number.isNaN(time)) throw impossible(this.#field(row), "is an invalid date", cell);
        this.#numbers[row] = time;
        return;
      }
      case "bigint":
        if (BigInt.asIntN(64, cell as bigint) !== cell)
          throw impossible(this.#field(row), "is a bigint of more than 64 bits", cell);
        this.#bigints[row] = cell;
        return;
      case "string":
        this.held += 2 * (cell as string).length;
        if (this.held > MAX_VALUE_BYTES) throw tooLarge(this.#use.root, "cells of more bytes", `${MAX_VALUE_BYTES}`);
        this.#values.push(this.#text(row, cell as string));
        return;
      default:
        this.#values.push(cell as boolean);
    }
  }

  /** Sets all cells, at least one. */
  setNumbers(cells: ArrayLike<number>): void {
    this.#type = "number";
    this.held += 8 * this.#rows;
    this.#numbers = new Float64Array(cells);
  }

  column(): TableColumn {
    const name = this.#name;
    const nulls = this.#nulls && { nulls: this.#nulls };
    switch (this.#type) {
      case "string":
        return { name, type: "string", values: this.#values as string[], ...nulls };
      case "boolean":
        return { name, type: "boolean", values: this.#values as boolean[], ...nulls };
      case "bigint":
        return { name, type: "int64", values: this.#bigints, ...nulls };
      case "date":
        return { name, type: "int64", values: this.#numbers, ...nulls };
      default:
        // A column of nulls has no type of its own.
        return { name, type: "double", values: this.#type ? this.#numbers : new Float64Array(this.#rows), ...nulls };
    }
  }

  #begin(type: string, row: number, cell: unknown): void {
    if (type !== "number" && type !== "bigint" && type !== "string" && type !== "boolean" && type !== "date")
      throw wrongInput(
        this.#field(row),
        "a number, bigint, string, boolean, Date or null",
        cell,
        cell === undefined ? "use null for a missing cell" : "",
      );
    if (this.#type !== undefined)
      throw impossible(
        this.#field(row),
        `is a ${type}, but the column ${JSON.stringify(shorten(this.#name))} holds the type ${this.#type}`,
        cell,
      );
    this.#type = type;
    this.held += this.#rows * (type === "boolean" ? 1 : 8);
    if (type === "number" || type === "date") this.#numbers = new Float64Array(this.#rows);
    else if (type === "bigint") this.#bigints = new BigInt64Array(this.#rows);
    // The rows before hold null.
    else this.#values = new Array<string | boolean>(row).fill(type === "string" ? "" : false);
  }

  #text(row: number, cell: string): string {
    const text = toWellFormed(cell);
    if (text === cell || !this.#use.isExact) return text;
    throw impossible(this.#field(row), "holds half of a surrogate pair, which Parquet cannot store", cell);
  }

  #field(row: number): string {
    return `${this.#use.root}.${shorten(this.#name)}[${row}]`;
  }
}

/** Returns the time of a Date, or NaN for an invalid one and for anything else. */
function timeOf(cell: unknown): number {
  if (typeof cell !== "object" || cell === null) return Number.NaN;
  try {
    return Date.prototype.getTime.call(cell);
  } catch {
    return Number.NaN;
  }
}

export function shorten(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name;
}
