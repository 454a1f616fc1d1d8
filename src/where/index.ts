export { where, type WhereBuilder } from "../catalog/filter/where.ts";
export type { Where } from "../catalog/filter/condition.ts";
export type { DurationTerm, MetricTerm, ParamTerm, TagTerm, TextTerm, TimeTerm } from "../catalog/filter/term.ts";
export type { Comparison, Condition, Filter, FilterValue, Operator } from "../catalog/filter/filter.ts";
export type { Aggregate, DatasetPart, Field } from "../catalog/filter/field.ts";
