export { openLedger, type OpenLedgerOptions } from "./ledger/open-ledger.ts";
export { defineExperiment, type Experiment, type ExperimentRecord } from "./ledger/define-experiment.ts";
export type { Ledger } from "./ledger/ledger.ts";
export type { MediaQuery } from "./ledger/list-media.ts";
export { copyRuns } from "./ledger/copy-runs.ts";
export type { OpenMedia } from "./ledger/open-media.ts";
export type { ConsoleQuery } from "./ledger/read-console.ts";
export type { RunUpdate, WatchRunOptions } from "./ledger/run-update.ts";
export type { RunQuery } from "./ledger/run-query.ts";
export type { RunPage } from "./ledger/search-runs.ts";
export type { RunGroups, RunSummaryQuery } from "./ledger/summarise-runs.ts";
export type { Recovery, RecoverOptions } from "./ledger/recover.ts";
export type { ExperimentSummary } from "./catalog/list-experiments.ts";

export type { Run } from "./run/run.ts";
export type { LogPosition } from "./run/log-position.ts";
export type { LogHistogramOptions, LogImageOptions } from "./run/log-media.ts";
export type { Metrics } from "./run/metric-input.ts";
export type { FinishOptions } from "./run/finish-options.ts";
export type { ExperimentOptions } from "./run/run-schema.ts";
export type { SetParamsOptions } from "./run/set-params.ts";
export type { StartRunOptions } from "./run/start-options.ts";
export type { Tags } from "./run/tags.ts";
export type { DatasetSource, LogDatasetOptions } from "./run/log-dataset.ts";
export type { ResumeRunOptions } from "./run/resume-run.ts";
export type { IdSource } from "./run/run-context.ts";

export type { MetricDefinition, RunRecord, RunStatus } from "./journal/run-record.ts";
export type { ClosingStatus, Dictionary, RecordedVersion } from "./journal/event.ts";
export type { RecordedDataset } from "./journal/recorded-dataset.ts";
export type { ConsoleLine } from "./journal/console-lines.ts";
export type { RecordedCode } from "./journal/recorded-code.ts";
export type { MediaEntry } from "./journal/media-entry.ts";
export type { MetricSummary, Point } from "./journal/metric-summary.ts";
export type { WriterStats } from "./journal/writer-stats.ts";

export type { HistogramSource } from "./media/histogram.ts";
export type { ImageSource } from "./media/image.ts";
export type { TableSource } from "./media/table.ts";

export type { Series } from "./series/series.ts";
export type { HistoryOptions } from "./series/history-options.ts";

export type { ArtifactSource } from "./artifacts/source.ts";
export type { LogArtifactOptions } from "./artifacts/store.ts";
export type { ArtifactCheck } from "./artifacts/artifact-check.ts";
export type { ArtifactFile, OpenArtifact } from "./artifacts/open.ts";
export type { ArtifactRef, ArtifactVersion } from "./artifacts/version.ts";

export type { Backend } from "./backend/backend.ts";
export { LedgerError } from "./errors/ledger-error.ts";
