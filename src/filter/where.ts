import { invalidArgument } from "../errors/ledger-error.ts";
import type { NameOf } from "./attributes.ts";
import { type Aggregate, type DatasetPart, isAggregate, namedField, namesOf } from "./field.ts";
import { MAX_FILTER_CHARS } from "./filter.ts";
import {
  type DurationTerm,
  type MetricTerm,
  type ParamTerm,
  type StatusTerm,
  type TagTerm,
  Term,
  type TextTerm,
  type TimeTerm,
} from "./where-term.ts";

/** A time of a run, by its name in filters or in records. */
export type TimeName = NameOf<"time">;
/** A text of a run, by its name in filters or in records. */
export type TextName = NameOf<"text"> | "artifact_uri" | "user_id";

function keyed(kind: "param" | "tag" | "metric", key: unknown, aggregate: unknown = "last"): Term {
  if (typeof key !== "string" || key.length > MAX_FILTER_CHARS) throw invalidArgument(kind, "a key", key);
  if (!isAggregate(aggregate))
    throw invalidArgument(`metrics.${key}`, "last, min, max, mean, best or count", aggregate);
  return new Term(kind === "metric" ? { kind, key, aggregate } : { kind, key });
}

function named(kind: "attribute" | "dataset", name: unknown): Term {
  const field = typeof name === "string" ? namedField(kind, name) : undefined;
  if (field === undefined) throw invalidArgument(kind, `one of ${namesOf(kind)}`, name);
  return new Term(field);
}

/** Makes the terms that filters are built from. */
export interface WhereBuilder {
  /** Returns a metric: its latest value, or another number of it. */
  metric(key: string, aggregate?: Aggregate): MetricTerm;
  /** Returns a param. The path of a nested param has dots: `optimizer.lr`. */
  param(key: string): ParamTerm;
  /** Returns a tag. */
  tag(key: string): TagTerm;
  /** Returns an attribute of the run. */
  attribute(name: TimeName): TimeTerm;
  /** Returns an attribute of the run. */
  attribute(name: "duration"): DurationTerm;
  /** Returns an attribute of the run. */
  attribute(name: "status"): StatusTerm;
  /** Returns an attribute of the run. */
  attribute(name: TextName): TextTerm;
  /** Returns a part of the run's data sets. A condition on it is true if one of the data sets fits. */
  dataset(name: DatasetPart): TextTerm;
}

/** Builds filters without text: `where.metric("loss").lt(0.1).and(where.param("model").eq("cnn"))`. */
export const where: WhereBuilder = {
  metric: (key: string, aggregate?: Aggregate) => keyed("metric", key, aggregate),
  param: (key: string) => keyed("param", key),
  tag: (key: string) => keyed("tag", key),
  attribute: (name: string): Term => named("attribute", name),
  dataset: (name: string) => named("dataset", name),
};
