import type { ErrorSummary, RecordedVersion } from "../journal/event.ts";
import type { RunRecord, RunStatus } from "../journal/run-record.ts";
import type { CodeDiff } from "./code/code-diff.ts";
import { type ComparedDataset, type ComparedRun, compareRecords } from "./compare-records.ts";
import { datasetChange, type DatasetChange } from "./dataset-change.ts";
import { type ValueChange, valueChanges } from "./value-change.ts";
import { metricChanges, type MetricChange } from "./metric-change.ts";

/** What changed from one run to another. Plain data. Lists hold what is not the same, and are sorted by path. */
export interface RunChanges {
  /** The earlier run. */
  readonly previous: ComparedRun;
  /** The later run. */
  readonly run: ComparedRun;
  /**
   * Why this is the earlier run: it is the previous one of the same script (`"entry"`) or of the same experiment, or the
   * caller chose it (`"against"`).
   */
  readonly chosen: "entry" | "experiment" | "against";
  /** How the runs ended, or go. */
  readonly status: {
    /** The status of the earlier run. */
    readonly before: RunStatus;
    /** The status of the later run. */
    readonly after: RunStatus;
    /** Whether both are the same. */
    readonly same: boolean;
    /** What the later run failed with. Absent if it recorded no error. */
    readonly error?: ErrorSummary;
  };
  /** Metrics that came out differently: worse ones first, then better ones, then those without a goal. */
  readonly metrics: readonly MetricChange[];
  /** The code: `a` is the earlier run, `b` the later one. */
  readonly code: CodeDiff;
  /** Data sets by name and context. */
  readonly datasets: readonly DatasetChange[];
  /** Artifact versions that the runs used, by name. */
  readonly inputs: readonly ValueChange<readonly RecordedVersion[]>[];
  /** Params. */
  readonly params: readonly ValueChange[];
  /** What the runs recorded of the machine and the runtime. */
  readonly environment: readonly ValueChange[];
  /** Tags. */
  readonly tags: readonly ValueChange<string>[];
}

/** Returns what changed from one record to another. Metrics named `system/…` and `tfjs/…` are left out. */
export function changesBetween(
  previous: RunRecord,
  run: RunRecord,
  code: CodeDiff,
  chosen: RunChanges["chosen"],
): RunChanges {
  const { runs, params, tags, environment, datasets, inputs, metrics } = compareRecords([previous, run]);
  const [before, after] = runs as [ComparedRun, ComparedRun];
  return {
    previous: before,
    run: after,
    chosen,
    status: {
      before: before.status,
      after: after.status,
      same: before.status === after.status,
      ...(run.error && { error: run.error }),
    },
    metrics: metricChanges(metrics),
    code,
    datasets: valueChanges<readonly ComparedDataset[]>(datasets).map(datasetChange),
    inputs: valueChanges(inputs),
    params: valueChanges(params),
    environment: valueChanges(environment),
    tags: valueChanges(tags),
  };
}
