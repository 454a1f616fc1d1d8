export { openLedger, type OpenLedgerOptions } from "./ledger/open-ledger.ts";
export type { Ledger } from "./ledger/ledger.ts";
export type { MediaQuery, OpenMedia } from "./ledger/media.ts";
export type { RunUpdate, WatchRunOptions } from "./ledger/run-update.ts";
export type { RunQuery, RunSelection } from "./ledger/run-query.ts";
export type { CatalogFiles, CatalogFilesOptions, CatalogRowText } from "./ledger/catalog-files.ts";
export type { MetricsFile, MetricsFiles } from "./ledger/metrics-files.ts";
export type { StoredFile } from "./ledger/stored-file.ts";
export type { ExperimentSummary } from "./catalog/list-experiments.ts";
export type { RunPage } from "./ledger/search.ts";
export type { DamagedRun, UnreadableRun } from "./journal/unreadable.ts";
export type { RunGroups } from "./ledger/summarise-runs.ts";
export type { RunSummaryQuery } from "./ledger/summarise-runs.ts";
export type { Recovery, RecoverOptions } from "./ledger/recover.ts";

export type { Run } from "./run/run.ts";
export type { LogPosition } from "./run/position.ts";
export type { LogHistogramOptions, LogImageOptions } from "./run/log-media.ts";
export type { Metrics, MetricsOf } from "./run/metric-input.ts";
export type { FinishOptions } from "./run/ending.ts";
export type { StartRunOptions } from "./run/options.ts";
export type { Tags, TagsOf } from "./run/tags.ts";
export type { DatasetReference, LogDatasetOptions } from "./run/dataset.ts";
export type { ResumeRunOptions } from "./run/resume-run.ts";
export type { IdSource } from "./run/ids.ts";

export type { MetricDefinition, RunRecord, RunStatus } from "./journal/run-record.ts";
export type { ClosingStatus, Dictionary, ErrorSummary, RecordedDataset, RecordedVersion } from "./journal/event.ts";
export type { MediaEntry, MediaKind, MediaSummary } from "./journal/media-entry.ts";
export type { MetricSummary, Point } from "./journal/summary.ts";
export type { Damage } from "./journal/damage.ts";
export type { FlushOptions } from "./journal/flush-policy.ts";
export type { WriterStats } from "./journal/writer-stats.ts";

export type { Filter } from "./filter/filter.ts";
export type { FilterInput } from "./filter/to-filter.ts";
export type { Aggregate, Field } from "./filter/field.ts";
export type { View } from "./catalog/matches.ts";
export type { ComparedDataset, ComparedRun, RunComparison } from "./compare/compare-records.ts";
export type { ComparedMetric } from "./compare/compared-metric.ts";
export type { ComparedSection, DifferingRow, SameRow } from "./compare/section.ts";
export type { Goal } from "./compare/metric-value.ts";
export type { GroupMetric, RunGroup, SummarisedMetric, SummaryQuery } from "./compare/row-summary.ts";
export type { GroupStats } from "./compare/running-stats.ts";

export type { Histogram, HistogramSource } from "./media/histogram.ts";
export type { ImageSource } from "./media/image.ts";
export type { Pixels } from "./media/image.ts";
export type { TableOf, TableSource, TableValue } from "./media/table.ts";

export type { Series } from "./series/series.ts";
export type { HistoryOptions } from "./series/history-options.ts";
export type { SampleMethod } from "./series/downsample.ts";

export type { ArtifactSource } from "./artifacts/source.ts";
export type { ArtifactProgress, LogArtifactOptions } from "./artifacts/store.ts";
export type { ArtifactCheck, ArtifactFile, ArtifactProblem, OpenArtifact } from "./artifacts/open.ts";
export type { ArtifactRef, ArtifactVersion } from "./artifacts/version.ts";

export type {
  AppendOptions,
  Backend,
  Body,
  ByteRange,
  ByteStream,
  CallOptions,
  Capabilities,
  CreateOptions,
  Entry,
  Liveness,
} from "./backend/backend.ts";
export type { AccessKeys, FileLocation, ObjectLocation, S3Location } from "./backend/location.ts";
export type { FileTree, SourceFile } from "./backend/files.ts";
export { changeHints, type Hints, type HintSink } from "./backend/change-hints.ts";
export { type Clock, systemClock, type Timer } from "./platform/clock.ts";
export { ERROR_CODES, type ErrorCode, type ErrorDetails, LedgerError } from "./errors/ledger-error.ts";
export { assertKey, assertPrefix, MAX_KEY_BYTES, MAX_SEGMENT_BYTES } from "./backend/key.ts";
export { bodyChunks, bodySize, byteStream, clampRange, collectBody, equalBytes } from "./backend/body.ts";
export { type ChecksOptions, withChecks } from "./backend/layers/checks.ts";
export { type RetryOptions, withRetry } from "./backend/layers/retry.ts";
export { withPrefix } from "./backend/layers/prefix.ts";
export { type ReadCacheOptions, withReadCache } from "./backend/layers/read-cache.ts";
