import type { Damage } from "./damage.ts";
import type { ForkOrigin } from "./fork-origin.ts";
import type { Dictionary, ErrorSummary, RecordedVersion } from "./event.ts";
import type { RecordedDataset } from "./recorded-dataset.ts";
import type { MediaSummary } from "./media-entry.ts";
import type { MetricSummary } from "./metric-summary.ts";
import type { RecordedCode } from "./recorded-code.ts";

/**
 * How a run is going, or how it ended. `interrupted`: its writers are gone, and none of them closed the run. If that
 * cannot be known, the run reads as `running` until `recover()` finds out.
 */
export type RunStatus = "running" | "finished" | "failed" | "killed" | "interrupted";

/** What a metric means. */
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

/** A run as plain data. Dictionaries are plain objects whose own keys are the data. Times are in ms since the epoch. */
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
  /**
   * When the run ended, in ms since the epoch: `startTime` and how long the run took, by a monotonic clock if there is
   * one. Absent while the run is open.
   */
  readonly endTime?: number;
  /**
   * When a writer of the run recorded something last, in ms since the epoch, by the clock of that writer. Writers also
   * record a sign of life from time to time.
   */
  readonly lastActivity: number;
  /** When the run was deleted, in ms since the epoch. Absent if it is not deleted. */
  readonly deletedAt?: number;
  /** The params, nested as they were given. */
  readonly params: Dictionary;
  /** Tags by their keys: the latest value of each. */
  readonly tags: Dictionary<string>;
  /** Free text. Absent if none was set. */
  readonly note?: string;
  /** The id of the run that this one belongs to. Absent if it belongs to none. */
  readonly parent?: string;
  /** The run and the step that this run continues from; see `startRun`. Absent if it is no fork. */
  readonly forkOf?: ForkOrigin;
  /** The group of the run: runs of one cross-validation, for example. Absent if none was given. */
  readonly group?: string;
  /** What the run does in its group: `train`, `eval`, … Absent if none was given. */
  readonly jobType?: string;
  /** The summary of each metric, by its name. */
  readonly metrics: Dictionary<MetricSummary>;
  /** What `defineMetric` said of metrics, by name or glob. */
  readonly metricDefinitions: Dictionary<MetricDefinition>;
  /** Texts, images, histograms and tables in brief, by name; `ledger.media` lists them. Absent if there are none. */
  readonly media?: Dictionary<MediaSummary>;
  /** The versions that the run made, in order, each once. */
  readonly artifacts: readonly RecordedVersion[];
  /** The versions that the run used, in order, each once. */
  readonly inputs: readonly RecordedVersion[];
  /** The data sets that the run used, in order. Each name, digest and context is there once. */
  readonly datasets: readonly RecordedDataset[];
  /**
   * The code that the run was made with. Absent if the run recorded none. Of several that sessions of the run recorded,
   * the latest.
   */
  readonly code?: RecordedCode;
  /** What the program ran on. Absent if the run recorded nothing of it. */
  readonly environment?: Dictionary;
  /** What a failed run failed with. Absent if the run recorded no error. */
  readonly error?: ErrorSummary;
  /**
   * The number of metric values, texts, images, histograms and tables that the writers dropped: their buffers were
   * full, or the storage refused the value.
   */
  readonly dropped: number;
  /**
   * What is damaged in the run's journals. Empty for a sound run. An incomplete last write after a crash is listed, and
   * is harmless.
   */
  readonly damage: readonly Damage[];
}
