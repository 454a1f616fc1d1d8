import type { Sha256 } from "../../bytes/digest.ts";
import type { ColumnProfile } from "../../journal/recorded-dataset.ts";
import { CellHash } from "./cell-hash.ts";
import { ColumnStatistics } from "./column-statistics.ts";
import type { ColumnType } from "./column-type.ts";
import type { HashWork } from "./hash-work.ts";
import { hashAtom, isLarge, isSafe, NestedCell } from "./nested-cell.ts";
import type { TensorData } from "./tensor.ts";
import { TensorRows } from "./tensor-rows.ts";

/** The rest of an addition, which goes on with each `next`. */
export type Rest = Iterator<void, void, void>;

/** The digest, the profile and the type of a column, whose cells come in the order of rows. */
export class ColumnDigest {
  readonly name: string;
  readonly #hash: CellHash;
  readonly #statistics: ColumnStatistics | undefined;
  readonly #types = new Set<ColumnType>();
  #rows = 0;
  /** False once a number has a fraction. */
  isWhole = true;

  constructor(name: string, hash: Sha256, work: HashWork, profiled: boolean) {
    this.name = name;
    this.#hash = new CellHash(hash, work);
    this.#statistics = profiled ? new ColumnStatistics() : undefined;
  }

  /** Whether no row has a value. */
  get isEmpty(): boolean {
    return this.#types.size === 0;
  }

  get type(): ColumnType {
    const types = new Set(this.#types);
    // A number is an integer of up to 53 bits, too.
    if (types.has("bigint")) types.delete("number");
    if (types.size > 1) return "mixed";
    return [...types][0] ?? "null";
  }

  /**
   * Adds the cell of a row. Rows that are left out have null. Returns the rest of the addition if it is time for a pause
   * before the end.
   */
  add(row: number, value: unknown): Rest | undefined {
    if (value === null || value === undefined) return undefined;
    if (row === this.#rows && !isLarge(value)) {
      this.#atom(value);
      this.#rows++;
      return undefined;
    }
    return begun(this.#add(row, value));
  }

  /** Adds the cells of consecutive rows, which are numbers. No row before them is left out. */
  addNumbers(values: ArrayLike<number>, from: number, to: number): void {
    if (to === from) return;
    this.#types.add("number");
    this.#hash.numbers(values, from, to);
    const statistics = this.#statistics;
    statistics?.numbers(values, from, to);
    for (let i = from; i < to; i++) statistics?.cell(values[i]!);
    if (this.isWhole) for (let i = from; i < to; i++) if (!Number.isInteger(values[i])) this.isWhole = false;
    this.#rows = to;
  }

  /** Returns what adds the rows of a tensor whose rows are tensors themselves, from the first one. */
  tensorRows(data: TensorData): (row: number) => Rest | undefined {
    const rows = new TensorRows(this.#hash, data, this.#statistics);
    return (row) => {
      this.#types.add("list");
      this.#statistics?.cell();
      this.#rows = row + 1;
      const rest = rows.add(row);
      return rest && begun(rest);
    };
  }

  /** Adds null for each row that is left out. Returns as {@link add}. */
  end(rows: number): Rest | undefined {
    return rows === this.#rows ? undefined : begun(this.#padTo(rows));
  }

  digestHex(): string {
    return this.#hash.digestHex();
  }

  profile(rows: number): ColumnProfile | undefined {
    return this.#statistics?.profile(rows);
  }

  *#add(row: number, value: unknown): Generator<void, void, void> {
    yield* this.#padTo(row);
    if (isLarge(value)) yield* this.#large(row, value);
    else this.#atom(value);
    this.#rows = row + 1;
  }

  *#padTo(row: number): Generator<void, void, void> {
    yield* this.#hash.nulls(row - this.#rows);
    this.#rows = row;
  }

  #atom(value: unknown): void {
    const type = hashAtom(this.#hash, value);
    this.#types.add(type);
    if (typeof value === "number") {
      this.#statistics?.number(value);
      this.#statistics?.cell(value);
      if (this.isWhole && !Number.isInteger(value)) this.isWhole = false;
    } else if (typeof value === "bigint") {
      this.#statistics?.number(Number(value));
      this.#statistics?.cell(isSafe(value) ? Number(value) : `${value}`);
    } else this.#statistics?.cell(value as string | boolean);
  }

  *#large(row: number, value: unknown): Generator<void, void, void> {
    const type = yield* this.#nested(row).add(value, this.#statistics);
    this.#types.add(type);
    if (type !== "date") this.#statistics?.cell();
    else {
      const ms = (value as Date).getTime();
      this.#statistics?.cell(`date ${ms}`);
      this.#statistics?.date(ms);
    }
  }

  #nested(row: number): NestedCell {
    return new NestedCell(this.#hash, () => {
      const name = this.name.length > 100 ? `${this.name.slice(0, 100)}…` : this.name;
      return `source.${name}[${row}]`;
    });
  }
}

/** Begins an addition. Returns the rest, if there is one. */
function begun(addition: Rest): Rest | undefined {
  return addition.next().done ? undefined : addition;
}
