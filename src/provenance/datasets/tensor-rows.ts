import { type CellHash, TAG } from "./cell-hash.ts";
import type { ColumnStatistics } from "./column-statistics.ts";
import { hashAtom, isLarge } from "./nested-cell.ts";
import type { TensorData } from "./tensor.ts";

/** Parts of a tensor with more values are hashed in pieces. */
const VALUES_AT_ONCE = 4096;

/** Adds the rows of a tensor whose rows are tensors themselves, as lists. */
export class TensorRows {
  readonly #hash: CellHash;
  readonly #data: TensorData;
  readonly #statistics: ColumnStatistics | undefined;

  constructor(hash: CellHash, data: TensorData, statistics: ColumnStatistics | undefined) {
    this.#hash = hash;
    this.#data = data;
    this.#statistics = statistics;
  }

  /** Adds a row. Returns the rest of the addition if the row is large. */
  add(row: number): Generator<void, void, void> | undefined {
    const { rowSize } = this.#data;
    if (!this.#isSmall(1, rowSize)) return this.#large(1, row * rowSize, rowSize);
    this.#small(1, row * rowSize, rowSize);
    return undefined;
  }

  /** Returns whether a part takes little time: it has few values, and no lists of lists without values. */
  #isSmall(level: number, size: number): boolean {
    const { shape, numbers } = this.#data;
    if (numbers === undefined || size > VALUES_AT_ONCE) return false;
    return size > 0 || shape[level] === 0;
  }

  #small(level: number, from: number, size: number): void {
    const { shape, numbers } = this.#data;
    const length = shape[level]!;
    this.#hash.count(TAG.list, length);
    if (level + 1 === shape.length) {
      this.#hash.numbers(numbers!, from, from + length);
      this.#statistics?.numbers(numbers!, from, from + length);
    } else for (let i = 0; i < length; i++) this.#small(level + 1, from + (i * size) / length, size / length);
  }

  /** Adds a part that begins at the value `from`. Yields where it may be interrupted. */
  *#large(level: number, from: number, size: number): Generator<void, void, void> {
    const { shape, numbers, at } = this.#data;
    const length = shape[level]!;
    this.#hash.count(TAG.list, length);
    if (level + 1 < shape.length) {
      const part = size / length;
      const isSmall = this.#isSmall(level + 1, part);
      for (let i = 0; i < length; i++) {
        if (isSmall) this.#small(level + 1, from + i * part, part);
        else yield* this.#large(level + 1, from + i * part, part);
        if (this.#hash.isDue) yield;
      }
    } else if (numbers) {
      for (let begin = from; begin < from + length; begin += VALUES_AT_ONCE) {
        const end = Math.min(from + length, begin + VALUES_AT_ONCE);
        this.#hash.numbers(numbers, begin, end);
        this.#statistics?.numbers(numbers, begin, end);
        if (this.#hash.isDue) yield;
      }
    } else {
      for (let i = from; i < from + length; i++) {
        const value = at(i);
        if (isLarge(value)) yield* this.#hash.longString(value as string);
        else hashAtom(this.#hash, value);
        if (this.#hash.isDue) yield;
      }
    }
  }
}
