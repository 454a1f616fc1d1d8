import type { AttributeName, NameOf } from "./attributes.ts";
import type { ParamPath } from "./experiment-where.ts";
import type { Aggregate } from "./field.ts";

/**
 * A key of an order of runs, for an experiment with these metrics and params: `metrics.loss`, `metrics.loss.min DESC`,
 * `params.optimizer.lr`, `tags.stage`, `start_time`. Names with other characters than letters, digits and `_/:@[]-.` are
 * in double quotes: `metrics."top 5"`.
 */
export type ExperimentOrder<Metric extends string = string, Params = unknown> = `${
  | `metrics.${Quoted<Metric>}${"" | `.${Aggregate}`}`
  | `params.${Quoted<ParamPath<Params>>}`
  | `tags.${string}`
  | `${"" | "attributes."}${OrderedAttribute}`}${Direction}`;

/** A name, with or without double quotes. */
type Quoted<Name extends string> = Name | `"${Name}"`;
/** Every name of an attribute. */
type OrderedAttribute = AttributeName | NameOf<"text"> | NameOf<"time"> | "user_id";
/** Ascending is the default. */
type Direction = "" | ` ${"ASC" | "DESC" | "asc" | "desc"}`;
