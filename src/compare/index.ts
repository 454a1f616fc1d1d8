export { type FormatComparisonOptions, formatComparison } from "./format-comparison.ts";
export type { ArtifactDiff, ChangedContent, ComparedContent, ComparedFile } from "./artifact-diff.ts";
export { type FormatChangesOptions, formatChanges } from "./format-changes.ts";
export {
  type CheckReproductionOptions,
  checkReproduction,
  type ReproducedMetric,
  type ReproductionCheck,
} from "./reproduction/check-reproduction.ts";
export type { ComparedInput, InputKind } from "./reproduction/compare-inputs.ts";
export { type FormatReproductionOptions, formatReproduction } from "./reproduction/format-reproduction.ts";
export type { ReproducedCode, Reproduction } from "./reproduction/reproduction.ts";
export type { Seed } from "./reproduction/seeds.ts";
export type { Tolerance } from "./reproduction/tolerance.ts";
export type { RunChanges } from "./run-changes.ts";
export type { DatasetChange } from "./dataset-change.ts";
export type { MetricChange } from "./metric-change.ts";
export type { ValueChange } from "./value-change.ts";
export { type ComparedDataset, type ComparedRun, compareRecords, type RunComparison } from "./compare-records.ts";
export type { ComparableRecord } from "./check-records.ts";
export type { ComparedMetric, CompareOptions } from "./compare-records.ts";
export type { CodeDiff, ComparedFact, ComparedItems } from "./code/code-diff.ts";
export type { Sameness } from "./sameness.ts";
export type { ArchiveDiff } from "./code/archive-diff.ts";
export type { ChangedFile, HunkPlace, PatchDiff } from "./code/patch-diff.ts";
export type { ComparedSection, DifferingRow, SameRow } from "./compared-section.ts";
export type { Goal } from "./metric-value.ts";
export { type ParallelAxis, type ParallelCoordinates, parallelCoordinates } from "./parallel-coordinates.ts";
export { type Objective, type ParetoFront, paretoFront } from "./pareto-front.ts";
export type { GroupStats } from "./running-stats.ts";
export {
  type AggregatedHistory,
  type AggregatedRun,
  aggregateHistories,
  type AggregateOptions,
  type HistorySource,
} from "./aggregate-histories.ts";
export type { PointStatistics, QuantileSeries } from "./aggregate-runs.ts";
export {
  type AllParamsExcept,
  type GroupMetric,
  type RunGroup,
  summariseRecords,
  type SummarisedMetric,
  type SummaryQuery,
} from "./run-groups.ts";

export type { Aggregate, Field } from "../filter/field.ts";
export { type Lineage, type LineageEdge, lineageKey, type LineageNode } from "./lineage/lineage.ts";
export { lineageToDot } from "./lineage/lineage-to-dot.ts";
export { lineageToMermaid } from "./lineage/lineage-to-mermaid.ts";
export { lineageToProv } from "./lineage/lineage-to-prov.ts";
