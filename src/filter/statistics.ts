/**
 * What is known of a field over some rows. `min` and `max` are bounds of all values but NaN, not necessarily reached: numbers by
 * size, texts by code points (the order of UTF-8). Of datasets, `present` counts runs, and the bounds hold for every dataset.
 */
export interface FieldStatistics {
  readonly rows: number;
  /** Rows that have a value; an explicit null is none. */
  readonly present: number;
  readonly min?: number | string | undefined;
  readonly max?: number | string | undefined;
  /** Left out: there may be. */
  readonly hasNaN?: boolean | undefined;
  /** Of params: the type of every value, or `mixed`. */
  readonly type: "number" | "string" | "boolean" | "mixed";
}
