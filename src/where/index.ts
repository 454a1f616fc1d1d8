export { type TextName, type TimeName, where, type WhereBuilder } from "../filter/where.ts";
export type { ExperimentOrder } from "../filter/experiment-order.ts";
export type { ExperimentWhere, ParamAt, ParamPath } from "../filter/experiment-where.ts";
export type { Where } from "../filter/where-term.ts";
export type {
  DurationTerm,
  MetricTerm,
  ParamTerm,
  ParamTermOf,
  StatusTerm,
  StatusText,
  TagTerm,
  TextTerm,
  TimeTerm,
} from "../filter/where-term.ts";
export type { Comparison, Condition, Filter, FilterValue, Operator } from "../filter/filter.ts";
export type { Aggregate, DatasetPart, Field } from "../filter/field.ts";
export type { ArtifactQuery } from "../filter/artifact-query.ts";
