export { type FormatComparisonOptions, formatComparison } from "../catalog/compare/format-comparison.ts";
export {
  type ComparedDataset,
  type ComparedRun,
  compareRecords,
  type RunComparison,
} from "../catalog/compare/compare-records.ts";
export type { ComparedMetric } from "../catalog/compare/compared-metric.ts";
export type { ComparedSection, DifferingRow, SameRow } from "../catalog/compare/section.ts";
export type { Goal } from "../catalog/compare/metric-value.ts";
export {
  type ParallelAxis,
  type ParallelCoordinates,
  parallelCoordinates,
} from "../catalog/compare/parallel-coordinates.ts";
export { type Objective, type ParetoFront, paretoFront } from "../catalog/compare/pareto-front.ts";
export type { GroupStats } from "../catalog/compare/running-stats.ts";
export type { GroupMetric, RunGroup, SummarisedMetric, SummaryQuery } from "../catalog/compare/row-summary.ts";
export { summariseRecords } from "../catalog/compare/summarise-records.ts";
export type { Aggregate, Field } from "../catalog/filter/field.ts";
