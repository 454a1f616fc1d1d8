import type { Aggregate } from "./field.ts";
import type { WhereBuilder } from "./where.ts";
import type { MetricTerm, ParamTerm } from "./where-term.ts";

/** The paths of params of the type `T`, with dots: `optimizer.lr`, `layers.0`. Any text if the type is not known. */
export type ParamPath<T, Depth extends readonly 0[] = []> = Depth["length"] extends 6
  ? string
  : unknown extends T
    ? string
    : T extends readonly (infer Item)[]
      ? `${number}` | BelowPath<`${number}`, Item, Depth>
      : T extends object
        ? { [Key in keyof T & string]: Key | BelowPath<Key, NonNullable<T[Key]>, Depth> }[keyof T & string]
        : never;

/** The paths below a key. */
type BelowPath<Key extends string, T, Depth extends readonly 0[]> = T extends object
  ? `${Key}.${ParamPath<T, [...Depth, 0]>}`
  : never;

/** Makes the terms of filters, as `where` does, for an experiment with these metrics and params. */
export interface ExperimentWhere<Metric extends string = string, Params = unknown> extends Omit<
  WhereBuilder,
  "metric" | "param"
> {
  /** Returns a metric: its latest value, or another number of it. */
  metric(key: Metric, aggregate?: Aggregate): MetricTerm;
  /** Returns a param. The path of a nested param has dots: `optimizer.lr`. */
  param(key: ParamPath<Params>): ParamTerm;
}
