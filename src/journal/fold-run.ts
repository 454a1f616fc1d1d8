import { ownValue, setOwn } from "../bytes/dictionary.ts";
import { DamageList } from "./damage.ts";
import type { ClosingStatus, Dictionary, ErrorSummary, RecordedVersion, RunEvent } from "./event.ts";
import type { RecordedDataset } from "./recorded-dataset.ts";
import { datasetId, versionId } from "./live-events.ts";
import { summariseMedia } from "./media-entries.ts";
import { definitionOf } from "./metric-glob.ts";
import { mergeParams } from "./params.ts";
import { pickFixed } from "./run-attributes.ts";
import type { RunCreated } from "./run-created.ts";
import type { RecordedCode } from "./recorded-code.ts";
import type { MetricDefinition, RunRecord, RunStatus } from "./run-record.ts";
import { mergeSummaries, type MetricSummary, type SummaryState, toMetricSummary } from "./metric-summary.ts";
import { compareWriters, type WriterFold } from "./writer-fold.ts";
import { isRecovery } from "./writers-alive.ts";

/**
 * Returns the record of a run from its beginning and the journals of its writers.
 *
 * Events apply by `order`, a logical clock that each writer sets beyond every event that it has seen. Events with the
 * same `order` apply in the order of their writers. So every reader gets the same record, and no wall clock decides.
 * Events of sessions that a fence shut out come before the events of later sessions, whatever their `order`: records
 * that such a session stored last were not acknowledged, and must not change later ones.
 *
 * `gone`: no writer will record anything more, so a run that none of them closed is `interrupted`. `summaries: false`
 * leaves out metrics and rich values.
 */
export function foldRun(
  created: RunCreated,
  folds: readonly WriterFold[],
  { gone = false, summaries = true }: { readonly gone?: boolean; readonly summaries?: boolean } = {},
): RunRecord {
  const writers = [...folds].sort(compareWriters);
  const logging = writers.filter((fold) => !isRecovery(fold));
  const state = new EventFold(created, logging);
  const events = writers.flatMap(({ fence, events: own }) => own.map((event) => ({ fence, event })));
  // The sort is stable: events of one writer keep their order.
  events.sort((a, b) => a.fence - b.fence || a.event.order - b.event.order);
  for (const { fence, event } of events) state.apply(event, fence);
  if (gone) state.leave(lastSign(created, logging));

  const startTime = created.startTime ?? created.createdAt;
  const { params, tags, note, environment, status, endTime, error } = state;
  const { artifacts, inputs, datasets, code, definitions, dropped } = state;
  const media = summaries ? summariseMedia(writers) : undefined;
  return {
    id: created.id,
    name: created.name,
    experiment: created.experiment,
    status,
    startTime,
    ...(endTime !== undefined && { endTime: Math.max(endTime, startTime) }),
    lastActivity: lastActivity(created, logging),
    params,
    tags,
    ...(note !== undefined && { note }),
    ...pickFixed(created),
    ...(created.forkOf && { forkOf: { run: created.forkOf.run, step: created.forkOf.step } }),
    metrics: summaries ? foldMetrics(writers, definitions) : {},
    metricDefinitions: definitions,
    ...(media && { media }),
    artifacts: [...artifacts.values()],
    inputs: [...inputs.values()],
    datasets: [...datasets.values()],
    ...(code !== undefined && { code }),
    ...(environment !== undefined && { environment }),
    ...(error !== undefined && { error }),
    dropped,
    damage: new DamageList(writers.flatMap(({ damage }) => damage)).list(),
  };
}

/** Returns when the last record was made, by the wall clock of its writer, but not before the run began. */
function lastActivity(created: RunCreated, logging: readonly WriterFold[]): number {
  return logging.reduce((last, { lastTime }) => Math.max(last, lastTime ?? last), created.createdAt);
}

/**
 * Returns when the last record was made, without the jumps of wall clocks that writers recorded. In ms since the epoch.
 */
export function lastSign(created: RunCreated, folds: readonly WriterFold[]): number {
  return folds.reduce((last, { lastTime, events }) => {
    if (lastTime === undefined) return last;
    const jumps = events.reduce((sum, event) => (event.kind === "clock" ? sum + event.jumpMs : sum), 0);
    return Math.max(last, lastTime - jumps);
  }, created.createdAt);
}

/** Returns the metrics of the record, from the summaries of all writers. */
export function foldMetrics(
  writers: readonly Pick<WriterFold, "summaries">[],
  definitions: Dictionary<MetricDefinition>,
): Dictionary<MetricSummary> {
  const states = new Map<string, SummaryState>();
  for (const { summaries } of writers) {
    for (const [key, state] of summaries) {
      const before = states.get(key);
      states.set(key, before ? mergeSummaries(before, state) : state);
    }
  }
  const metrics: Dictionary<MetricSummary> = {};
  for (const [key, state] of states) setOwn(metrics, key, toMetricSummary(state, definitionOf(key, definitions)?.goal));
  return metrics;
}

class EventFold {
  readonly params: Dictionary = {};
  readonly tags: Dictionary<string> = {};
  readonly definitions: Dictionary<MetricDefinition> = {};
  readonly artifacts = new Map<string, RecordedVersion>();
  readonly inputs = new Map<string, RecordedVersion>();
  readonly datasets = new Map<string, RecordedDataset>();
  note: string | undefined;
  environment: Dictionary | undefined;
  code: RecordedCode | undefined;
  status: RunStatus = "running";
  endTime: number | undefined;
  error: ErrorSummary | undefined;
  dropped = 0;
  readonly #logging: readonly WriterFold[];

  constructor(created: RunCreated, logging: readonly WriterFold[]) {
    this.#logging = logging;
    if (created.params) mergeParams(this.params, created.params);
    if (created.tags) mergeParams(this.tags, created.tags);
    this.note = created.note;
    this.environment = created.environment;
  }

  /** Applies an event. `fence`: of the session that recorded it. */
  apply(event: RunEvent, fence: number): void {
    switch (event.kind) {
      case "session":
        if (event.mode !== "recover") this.#open();
        return;
      case "params":
        return mergeParams(this.params, event.set);
      case "tags":
        if (event.set) mergeParams(this.tags, event.set);
        for (const key of event.remove ?? []) delete this.tags[key];
        return;
      case "note":
        this.note = event.text;
        return;
      case "environment":
        this.environment = { ...this.environment, ...event.set };
        return;
      case "code":
        this.code = event.code;
        return;
      case "metric": {
        const { kind: _kind, v: _v, order: _order, time: _time, name, ...definition } = event;
        const defined = { ...ownValue(this.definitions, name), ...definition } as MetricDefinition;
        setOwn(this.definitions, name, defined);
        return;
      }
      case "artifact":
        this.artifacts.set(versionId(event), event.version);
        return;
      case "input":
        this.inputs.set(versionId(event), event.version);
        return;
      case "dataset": {
        const { kind: _kind, v: _v, order: _order, time, ...dataset } = event;
        const id = datasetId(event);
        const before = this.datasets.get(id);
        this.datasets.set(id, { ...before, ...dataset, time: before?.time ?? time });
        return;
      }
      case "dropped":
        this.dropped += event.points;
        return;
      case "finish":
        return this.#close(event.status, event.endTime ?? event.time, event.error);
      case "interrupted":
        return this.#interrupt(event.positions, event.endTime ?? event.time, fence);
      // A reader of the run asks which sessions left. The other kinds are folded elsewhere.
      case "leave":
      case "media":
      case "beat":
      case "clock":
    }
  }

  /** Closes a running run as `interrupted`: all writers are gone, the last one since `endTime`. */
  leave(endTime: number): void {
    if (this.status !== "running") return;
    this.status = "interrupted";
    this.endTime = endTime;
  }

  #open(): void {
    this.status = "running";
    this.endTime = undefined;
    this.error = undefined;
  }

  #close(status: ClosingStatus, time: number, error: ErrorSummary | undefined): void {
    this.status = status;
    this.endTime = time;
    this.error = error;
  }

  /**
   * Closes the run as `interrupted`, unless a writer has more records than were seen: then the writer only slept.
   * Ignores writers that were shut out before.
   */
  #interrupt(positions: Dictionary<number>, endTime: number, behind: number): void {
    if (this.status !== "running") return;
    for (const { writer, next, fence } of this.#logging)
      if (fence >= behind && next > (ownValue(positions, writer) ?? 0)) return;
    this.leave(endTime);
  }
}
