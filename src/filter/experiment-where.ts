import type { Aggregate } from "./field.ts";
import type { WhereBuilder } from "./where.ts";
import type { MetricTerm, ParamTermOf } from "./where-term.ts";

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

/** The type of the param at a path. `unknown` if the compiler cannot know it. */
export type ParamAt<T, Path extends string> = T extends readonly (infer Item)[]
  ? Path extends `${number}`
    ? Item
    : BelowAt<Item, Path>
  : T extends object
    ? Path extends keyof T
      ? T[Path]
      : Path extends `${infer Key}.${infer Below}`
        ? Key extends keyof T
          ? ParamAt<NonNullable<T[Key]>, Below>
          : unknown
        : unknown
    : never;

/** The type of a param below an item of a list. */
type BelowAt<Item, Path extends string> = Path extends `${string}.${infer Below}`
  ? ParamAt<NonNullable<Item>, Below>
  : unknown;

/** Makes the terms of filters, as `where` does, for an experiment with these metrics and params. */
export interface ExperimentWhere<Metric extends string = string, Params = unknown> extends Omit<
  WhereBuilder,
  "metric" | "param"
> {
  /** Returns a metric: its latest value, or another number of it. */
  metric(key: Metric, aggregate?: Aggregate): MetricTerm;
  /** Returns a param. The path of a nested param has dots: `optimizer.lr`. Its comparisons take values of its type. */
  param<Path extends ParamPath<Params>>(key: Path): ParamTermOf<ParamAt<Params, Path>>;
}
