/** The type of the values of a column. */
export type ColumnType =
  | "null"
  | "number"
  | "bigint"
  | "string"
  | "boolean"
  | "date"
  | "bytes"
  | "list"
  | "object"
  | "mixed";
