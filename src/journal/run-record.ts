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
  readonly goal?: "minimize" | "maximize" | undefined;
  readonly stepMetric?: string | undefined;
  readonly unit?: string | undefined;
  readonly description?: string | undefined;
}

/** A run as plain data: the fold of its journals. Dictionaries are plain objects whose own keys are the data; times are ms since the epoch. */
export interface RunRecord {
  readonly id: string;
  readonly name: string;
  readonly experiment: string;
  readonly status: RunStatus;
  readonly startTime: number;
  /** `startTime` and how long the run took, measured by a clock that nobody sets where there is one. */
  readonly endTime?: number;
  /** When a writer of the run recorded something last, by the wall clock of that writer. A writer shows itself from time to time. */
  readonly lastActivity: number;
  /** When the run was deleted; absent for one that is not. */
  readonly deletedAt?: number;
  /** Nested, as given. */
  readonly params: Dictionary;
  readonly tags: Dictionary<string>;
  readonly note?: string;
  readonly parent?: string;
  readonly group?: string;
  readonly jobType?: string;
  readonly metrics: Dictionary<MetricSummary>;
  readonly metricDefinitions: Dictionary<MetricDefinition>;
  /** Texts, images, histograms and tables by key, in brief; `ledger.media` lists them. Absent when there are none. */
  readonly media?: Dictionary<MediaSummary>;
  /** Versions the run made, in order, each once. */
  readonly artifacts: readonly RecordedVersion[];
  /** Versions the run used, in order, each once. */
  readonly inputs: readonly RecordedVersion[];
  /** Data sets the run used, in order, each name, digest and context once. */
  readonly datasets: readonly RecordedDataset[];
  readonly environment?: Dictionary;
  readonly error?: ErrorSummary;
  /** Metric values and rich values the writers gave up since their buffers were full. */
  readonly dropped: number;
  /** What is damaged in the run's journals. Empty for a sound run; a torn tail after a crash is listed and harmless. */
  readonly damage: readonly Damage[];
}
