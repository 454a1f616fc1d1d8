import type { AttributeName } from "./attributes.ts";
import type { Aggregate } from "./field.ts";

/** A value of a param. A bigint is an integer that no float64 holds exactly; every other integer is a number. */
export type ParamValue = string | number | boolean | bigint | null;

/** A run as filters and orders see it. What the run does not have is `undefined`. */
export interface FilterRow {
  /** Times and duration in ms. The status in lower case. */
  attribute(name: AttributeName): string | number | undefined;
  /** The key of a nested value is its path with dots. */
  param(key: string): ParamValue | undefined;
  /** True where the key names a list or an object. */
  isNested(key: string): boolean;
  tag(key: string): string | undefined;
  metric(key: string, aggregate: Aggregate): number | undefined;
  datasets(): readonly { readonly name: string; readonly digest: string; readonly context?: string | undefined }[];
}
