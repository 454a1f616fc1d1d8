import type { Damage } from "./damage.ts";
import type { Dictionary, ErrorSummary, RecordedDataset, RecordedVersion } from "./event.ts";
import type { MediaSummary } from "./media-entry.ts";
import type { MetricSummary } from "./summary.ts";

/**
 * `interrupted`: the writers are gone and none of them closed the run. If it cannot be known whether they are, the run reads as
 * `running` until `recover()` finds out.
 */
export type RunStatus = "running" | "finished" | "failed" | "killed" | "interrupted";

/** What a metric means. Names may be globs: `*` stands for any characters but `/`, `**` for any. */
export interface MetricDefinition {
  /** Whether smaller or greater values are better. It decides `best`. */
  readonly goal?: "minimize" | "maximize" | undefined;
  /** The metric to draw it over, instead of the step. */
  readonly stepMetric?: string | undefined;
  /** The unit of the values: `ms`, `%`, … */
  readonly unit?: string | undefined;
  /** What the metric means, for people. */
  readonly description?: string | undefined;
}

/** A run as plain data: the fold of its journals. Dictionaries are plain objects whose own keys are the data; times are ms since the epoch. */
export interface RunRecord {
  /** The id of the run. It is safe in a URL. Without an id of the caller's own it sorts by start time. */
  readonly id: string;
  /** The name of the run. It need not be unique. */
  readonly name: string;
  /** The experiment that the run belongs to. */
  readonly experiment: string;
  /** How the run is going, or how it ended. */
  readonly status: RunStatus;
  /** When the run began, in ms since the epoch. */
  readonly startTime: number;
  /** `startTime` and how long the run took, measured by a clock that nobody sets where there is one. */
  readonly endTime?: number;
  /** When a writer of the run recorded something last, by the wall clock of that writer. A writer shows itself from time to time. */
  readonly lastActivity: number;
  /** When the run was deleted; absent for one that is not. */
  readonly deletedAt?: number;
  /** Nested, as given. */
  readonly params: Dictionary;
  /** Tags by their keys: the latest value of each. */
  readonly tags: Dictionary<string>;
  /** Free text. Absent if none was set. */
  readonly note?: string;
  /** The id of the run that this one belongs to. Absent if it belongs to none. */
  readonly parent?: string;
  /** The group of the run: runs of one cross-validation, for example. Absent if none was given. */
  readonly group?: string;
  /** What the run does in its group: `train`, `eval`, … Absent if none was given. */
  readonly jobType?: string;
  /** The summary of each metric, by its name. */
  readonly metrics: Dictionary<MetricSummary>;
  /** What `defineMetric` said of metrics, by name or glob. */
  readonly metricDefinitions: Dictionary<MetricDefinition>;
  /** Texts, images, histograms and tables by key, in brief; `ledger.media` lists them. Absent when there are none. */
  readonly media?: Dictionary<MediaSummary>;
  /** Versions the run made, in order, each once. */
  readonly artifacts: readonly RecordedVersion[];
  /** Versions the run used, in order, each once. */
  readonly inputs: readonly RecordedVersion[];
  /** Data sets the run used, in order, each name, digest and context once. */
  readonly datasets: readonly RecordedDataset[];
  /** What the program ran on. Absent if the run recorded nothing of it. */
  readonly environment?: Dictionary;
  /** What a failed run failed with. Absent if the run recorded no error. */
  readonly error?: ErrorSummary;
  /** Metric values and rich values the writers gave up since their buffers were full. */
  readonly dropped: number;
  /** What is damaged in the run's journals. Empty for a sound run; a torn tail after a crash is listed and harmless. */
  readonly damage: readonly Damage[];
}
