import type { CallOptions } from "../backend/backend.ts";
import type { ArtifactSource } from "../artifacts/source.ts";
import type { LogArtifactOptions } from "../artifacts/store.ts";
import type { ArtifactRef, ArtifactVersion } from "../artifacts/version.ts";
import { unreadable } from "../errors/ledger-error.ts";
import { loadAllLater } from "../platform/on-demand.ts";
import { readOptions } from "../arguments/options.ts";
import { setOwn } from "../bytes/dictionary.ts";
import type { ClosingStatus, Dictionary } from "../journal/event.ts";
import type { RecordedCode } from "../journal/recorded-code.ts";
import type { RecordedDataset } from "../journal/recorded-dataset.ts";
import type { MediaEntry } from "../journal/media-entry.ts";
import { mergeParams } from "../journal/params.ts";
import type { MetricDefinition, RunStatus } from "../journal/run-record.ts";
import type { Shape } from "../journal/shape.ts";
import type { WriterStats } from "../journal/writer-stats.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import type { HistogramSource } from "../media/histogram.ts";
import type { ImageSource } from "../media/image.ts";
import type { TableOf, TableSource } from "../media/table.ts";
import { DatasetLog } from "./dataset-log.ts";
import type { DatasetSource, LogDatasetOptions } from "./log-dataset.ts";
import { type Ending, type FinishOptions, readFail, readFinish } from "./finish-options.ts";
import { LateCalls, type Refusal } from "./late-calls.ts";
import { unlessUnheard } from "./unheard-failure.ts";
import { checkLater, CodeLog, type RunCode } from "./code-log.ts";
import { ArtifactLog } from "./log-artifacts.ts";
import { type LogHistogramOptions, type LogImageOptions, MediaLog } from "./log-media.ts";
import { checkDefinition } from "./define-metric.ts";
import { MetricInput, type Metrics } from "./metric-input.ts";
import type { DefinedName, LoggedMetrics, ProposedMetrics } from "./metric-names.ts";
import { NothingLogged } from "./nothing-logged.ts";
import { type GivenStartOptions, START_OPTIONS } from "./start-options.ts";
import type { PartialParams } from "./partial-params.ts";
import { checkParams, type SetParamsOptions } from "./set-params.ts";
import { checkTags, type Tags, type TagsOf } from "./tags.ts";
import { checkPosition, type LogPosition, stepOf, timeOf } from "./log-position.ts";
import { StepCount } from "./step-count.ts";
import { checkName, checkText } from "./check-text.ts";
import { RunClosing, type SessionParts } from "./run-closing.ts";
import type { MetricNamesOf, RunSchema, SchemaParamsOf, StartOptionsOf } from "./run-schema.ts";
import { RUN_INSIDE, runInside } from "./run-inside.ts";
import type { CapturedSession } from "./run-capture.ts";

/** Starts a run of the same ledger. */
export type StartRun = (options: GivenStartOptions | undefined) => Promise<Run>;

/** What a run is made of inside. */
export interface RunParts extends SessionParts {
  /** The params so far, if the run is resumed. */
  readonly params: Dictionary;
  /** The definitions of metrics so far, if the run is resumed. */
  readonly definitions?: Dictionary<MetricDefinition>;
  /** The greatest step so far, if the run is resumed. */
  readonly lastStep?: number | undefined;
  /** See `CapturedSession.wantsEnvironment`. */
  readonly wantsEnvironment?: boolean;
  /** See `CapturedSession.wantsCode`. */
  readonly wantsCode?: boolean;
  /** What the record says of the code of earlier sessions, if this session captures its own or is given one. */
  readonly earlierCode?: RecordedCode | undefined;
  /** The code that the run is made with, if the caller gives it. */
  readonly code?: RunCode | undefined;
  readonly startChild: StartRun;
}

/**
 * A run that is being written: what training code holds. Everything but artifacts goes to a buffer at once and to the
 * backend in the background; {@link flush} and {@link finish} wait for it. `Name` are the names of the metrics that it
 * may log, and `Params` are its params, if `defineExperiment` says so.
 */
export class Run<Name extends string = string, Params = object> implements AsyncDisposable {
  /** The id of the run. It is safe in a URL. Without an id of your own it sorts by start time. */
  readonly id: string;
  /** The name of the run. It need not be unique. */
  readonly name: string;
  /** The experiment that the run belongs to. */
  readonly experiment: string;
  readonly #parts: RunParts;
  readonly #writer: JournalWriter;
  readonly #input: MetricInput;
  readonly #params: Dictionary = {};
  /** The definitions of metrics that have a goal. */
  readonly #goals: Dictionary<MetricDefinition>;
  readonly #media: MediaLog;
  readonly #steps: StepCount;
  readonly #artifacts: ArtifactLog;
  readonly #datasets: DatasetLog;
  readonly #code: CodeLog;
  readonly #late: LateCalls;
  readonly #closing: RunClosing;
  readonly #nothing: NothingLogged;

  /** @internal Use `ledger.startRun`. */
  constructor(parts: RunParts) {
    this.#parts = parts;
    const { created, writer, context } = parts;
    this.id = created.id;
    this.name = created.name;
    this.experiment = created.experiment;
    this.#writer = writer;
    this.#input = new MetricInput(writer.registry);
    this.#steps = new StepCount(parts.lastStep);
    this.#media = new MediaLog(this.id, context, writer, this.#steps);
    this.#artifacts = new ArtifactLog(context, writer, this.id);
    this.#datasets = new DatasetLog(context, writer, this.#artifacts);
    this.#late = new LateCalls(this, writer);
    this.#nothing = new NothingLogged(writer);
    mergeParams(this.#params, parts.params);
    this.#goals = parts.definitions ?? {};
    this.#code = new CodeLog(context, writer, parts.earlierCode);
    if (parts.code) this.#code.record(parts.code, false);
    Object.defineProperty(this, RUN_INSIDE, { value: runInside(context, created, writer, this.#goals) });
    this.#closing = new RunClosing(this, parts, this.#media, this.#artifacts, this.#code);
    // An aborted signal has closed the run already.
    if (!this.#closing.ending) this.#closing.capturing = context.capture?.begin(this.#captured());
    loadAllLater();
  }

  #captured(): CapturedSession {
    const { context, created, writer, wantsEnvironment = false, wantsCode = false } = this.#parts;
    const { clock, backend } = context;
    const input = new MetricInput(writer.registry);
    return {
      run: this,
      atEnd: {
        finish: (status) => this.#closing.closeUnlessShared(readFinish(status, undefined, created)),
        fail: (error) => this.#closing.closeUnlessShared(readFail(error, undefined, created)),
      },
      clock,
      appends: backend.capabilities.append,
      wantsEnvironment,
      wantsCode,
      code: (code) => this.#code.record({ later: checkLater(code) }, true),
      event: (event) => writer.event(event, event.kind),
      metrics: (values) => {
        const shape = input.read(values);
        if (typeof shape === "object")
          writer.row(shape, this.#steps.greatest ?? 0, timeOf(undefined, clock), input.values);
      },
      text: (key, text) => void this.#media.log("text", key, text, undefined, undefined),
      report: (error) => writer.report(error),
    };
  }

  /** `running` until the run is closed, then how it was closed. */
  get status(): RunStatus {
    return this.#closing.status;
  }

  /** How much was logged, stored and dropped, and how much waits; see {@link WriterStats}. */
  get stats(): WriterStats {
    return this.#writer.stats;
  }

  /**
   * Logs metric values at a step. Without `step`, the row gets the greatest step so far plus 1, 0 at first. Nested
   * objects flatten with `/`. It never waits, and never throws for trouble with the backend.
   *
   * Values are numbers; NaN, ±Infinity and -0 are kept exactly. A bigint must fit float64 exactly. `undefined` is
   * skipped; the first call of a run that has nothing else is reported to `onError`. For any other value it throws `INVALID_ARGUMENT` and logs nothing of the call. Throws `RUN_CLOSED` once
   * the run is finished, unless `guardProcess` closed it: then the values are dropped and counted in {@link stats}.
   *
   * A loop that never waits for I/O or a timer must await {@link flush} from time to time: nothing is stored before.
   */
  log<T extends ProposedMetrics<Name>>(metrics: LoggedMetrics<T, Name>, at?: LogPosition): void {
    if (this.#closing.ending) return this.#dropRow(metrics as Metrics);
    let step: number | undefined;
    let time: number;
    let shape: Shape | "loose" | "nothing";
    try {
      // For log("loss", 0.5) the error must name the metrics, not the position.
      if (typeof metrics !== "object") this.#input.read(metrics as Metrics);
      checkPosition("log", at);
      step = stepOf(at);
      time = timeOf(at, this.#parts.context.clock);
      shape = this.#input.read(metrics as Metrics);
    } catch (error) {
      throw unreadable("metrics", error);
    }
    if (shape === "nothing") return this.#nothing.note("log", metrics);
    const place = this.#steps.row(step);
    const { values } = this.#input;
    if (shape === "loose") {
      const { looseKeys, looseNames } = this.#input;
      this.#writer.looseRow(looseNames, looseKeys, place, time, values);
    } else this.#writer.row(shape, place, time, values);
  }

  /**
   * Logs a text at a step. Without `step`, it gets the greatest step that the run has so far, 0 at first. Like
   * {@link log} it never waits: step, time and value are those of the call, and the value is stored in the background,
   * the same content once. At most 64 MiB wait; a value beyond that is dropped and counted in {@link stats}. Halves of
   * surrogate pairs, which a text that was cut may hold, are kept as U+FFFD.
   *
   * The promise resolves once the value is stored and recorded. It rejects with the error of the first attempt that
   * fails, but the value is kept and tried again. It rejects for good with `INVALID_ARGUMENT` for bad input,
   * `TOO_LARGE` beyond 16 Mi characters or if no more may wait, `RUN_CLOSED` once the run is finished, and `FENCED`.
   * You need not await it: `onError` gets an error that nobody handles, and `stats.lastError` has it in any case. A
   * {@link flush} rejects while the storage does not take the value; {@link finish} gives such a value up in the end.
   */
  logText(key: string, text: string, at?: LogPosition): Promise<MediaEntry> {
    return this.#media.log("text", key, text, at, this.#tooLate("logText"));
  }

  /**
   * Logs a PNG, JPEG or WebP file as it is (bytes or a Blob), or logs as PNG what a canvas shows at the call, an
   * `ImageData`, or pixels of 8 bits or from 0 to 1. Otherwise as {@link logText}.
   */
  logImage(key: string, image: ImageSource, at?: LogImageOptions): Promise<MediaEntry> {
    return this.#media.log("image", key, image, at, this.#tooLate("logImage"));
  }

  /** Logs the distribution of numbers as it is at the call, or bins with counts. Otherwise like {@link logText}. */
  logHistogram(key: string, data: HistogramSource, at?: LogHistogramOptions): Promise<MediaEntry> {
    return this.#media.log("histogram", key, data, at, this.#tooLate("logHistogram"));
  }

  /**
   * Logs a table of at most 10 million cells, stored as Parquet: columns, rows of cells, or rows as objects. Otherwise
   * as {@link logText}.
   */
  logTable<T extends object>(
    key: string,
    table: TableSource | (T & TableOf<T>),
    at?: LogPosition,
  ): Promise<MediaEntry> {
    return this.#media.log("table", key, table, at, this.#tooLate("logTable"));
  }

  /**
   * Sets params; nested objects are merged. Throws `PARAM_CONFLICT`, which names the param, if one would get another
   * value, unless `overwrite` is set. The history is kept in any case. `undefined` is skipped; the first call that has
   * nothing else is reported to `onError`. Throws `TOO_LARGE` as {@link setTags} does.
   */
  setParams(params: PartialParams<Params>, options?: SetParamsOptions): void {
    if (this.#closing.ending) return this.#late.drop("setParams", this.#closing.ending.status);
    const set = checkParams(this.#params, params, options);
    if (Object.keys(set).length === 0) return this.#nothing.note("setParams", params);
    this.#writer.event({ kind: "params", set }, "params");
    mergeParams(this.#params, set);
  }

  /**
   * Sets tags; the last write wins. Numbers and booleans become text. Throws `TOO_LARGE` if the run would hold too much
   * (`docs/errors.md`).
   */
  setTags<T extends object>(tags: Tags | (T & TagsOf<T>)): void {
    if (this.#closing.ending) return this.#late.drop("setTags", this.#closing.ending.status);
    const set = checkTags(tags, "tags");
    if (Object.keys(set).length > 0) this.#writer.event({ kind: "tags", set }, "tags");
  }

  /** Removes a tag. Removing a tag that is not there is fine. */
  removeTag(key: string): void {
    if (this.#closing.ending) return this.#late.drop("removeTag", this.#closing.ending.status);
    this.#writer.event({ kind: "tags", remove: [checkName(key, "key")] }, "tags");
  }

  /** Sets the free text of the run; the last write wins. Throws `TOO_LARGE` as {@link setTags} does. */
  setNote(text: string): void {
    if (this.#closing.ending) return this.#late.drop("setNote", this.#closing.ending.status);
    this.#writer.event({ kind: "note", text: checkText(text, "note") }, "note");
  }

  /**
   * Says what a metric means, or all metrics that fit a glob: `*` stands for any characters but `/`, `**` for any.
   * `goal` decides which point is best.
   */
  defineMetric(name: DefinedName<Name>, definition?: MetricDefinition): void {
    if (this.#closing.ending) return this.#late.drop("defineMetric", this.#closing.ending.status);
    const event = checkDefinition(name, definition);
    this.#writer.event(event, "metric");
    if (event.kind === "metric" && event.goal) setOwn(this.#goals, name, { goal: event.goal });
  }

  /**
   * Stores bytes, a Blob, a stream, `{ text }`, `{ json }`, `{ files }`, a file or a directory as the next version of
   * an artifact. Resolves once the content, the manifest and the run's record of it are acknowledged. The same content
   * again uploads nothing. Rejects with `INVALID_ARGUMENT`, `RUN_CLOSED`, `FENCED`, with the backend's error, or with
   * the signal's reason. Rejects with `TOO_LARGE` before it uploads anything if the run has no room for another
   * version. You need not await it: {@link finish} waits for it, and `onError` gets an error that nobody handles.
   */
  logArtifact(name: string, source: ArtifactSource, options?: LogArtifactOptions): Promise<ArtifactVersion> {
    return this.#artifacts.log(name, source, options, this.#tooLate("logArtifact", 0));
  }

  /**
   * Records that the run uses a version, named as `name:v3`, `name:best` or `name@sha256:…`. Rejects with
   * `ARTIFACT_NOT_FOUND`.
   */
  useArtifact(ref: ArtifactRef, options?: CallOptions): Promise<ArtifactVersion> {
    return this.#artifacts.use(ref, options, this.#tooLate("useArtifact", 0));
  }

  /**
   * Records that the run uses a data set, identified by its name, its digest and what it is used for, and resolves with
   * what is recorded. Logging the same again is fine. A reference `{ digest, uri }` is recorded at the call. Other data
   * is read to compute its digest, and must not change until then: bytes, files and streams have the digest of the
   * artifact version that they would be; a table has one that depends on its values only, and its rows, types, nulls,
   * least and greatest values are recorded, too. `{ json }` alone is content, and no table with a column of that name.
   * Nothing is stored without `store: true`.
   *
   * Rejects with `INVALID_ARGUMENT`, which names `uri` if that holds a password, a token or a signature, with
   * `RUN_CLOSED`, `TOO_LARGE`, `FENCED`, or with the signal's reason. You need not await it: {@link finish} waits for
   * it, and `onError` gets an error that nobody handles.
   */
  logDataset(name: string, source: DatasetSource, options?: LogDatasetOptions): Promise<Omit<RecordedDataset, "time">> {
    return this.#datasets.log(name, source, options, this.#tooLate("logDataset", 0));
  }

  /**
   * Starts a run whose `parent` is this one. It belongs to the same experiment, unless the options say otherwise. Rejects
   * as `ledger.startRun` does.
   */
  async startChild<T extends object = Tags, Schema extends RunSchema | undefined = undefined>(
    options?: StartOptionsOf<Schema, T>,
  ): Promise<Run<MetricNamesOf<Schema>, SchemaParamsOf<Schema>>> {
    const own = readOptions("startChild", options as GivenStartOptions | undefined, START_OPTIONS);
    const experiment = own.schema === undefined ? { experiment: this.experiment } : {};
    return await this.#parts.startChild({ ...experiment, ...own, parent: this.id });
  }

  /**
   * Resolves once the backend has acknowledged everything that was logged before the call, with its durability. Also
   * stores the lines of the console that the run captures, and waits for calls of {@link logArtifact}, {@link useArtifact} and {@link logDataset} under way. Otherwise rejects with
   * the error: the data is still buffered, and a later flush can succeed. After `FENCED` none can: another process
   * resumed the run with `mode: "exclusive"`, and this writer stores nothing more. An artifact or a data set that cannot
   * be stored, and a text, image, histogram or table that is wrong or too large, reject only their own promises. You
   * need not await them: `onError` gets an error that nobody handles.
   */
  flush(): Promise<void> {
    return unlessUnheard(this.#writer, "flush", this.#flush());
  }

  async #flush(): Promise<void> {
    const { capturing } = this.#closing;
    if (capturing?.flush) await capturing.flush();
    if (!this.#code.hasRecordedKnown) await this.#code.recordKnown();
    if (this.#artifacts.isSettled) return await this.#media.flush();
    // Points need not wait for artifacts, which may be large.
    await Promise.all([this.#artifacts.settle(), this.#media.flush()]);
    await this.#writer.flush();
  }

  /**
   * Closes the run: waits for artifacts and other values under way, flushes, and writes the final record. Calling it
   * again is fine; the first status counts. Rejects if the storage fails: nothing is lost, and calling it again tries
   * again. Rejects with `FENCED` like {@link flush}. An artifact that cannot be stored rejects only its own promise.
   * Values of `logText` and the like that the storage refuses, while it takes other writes of the run, are given up
   * after another try: `onError` hears of them, and {@link stats} counts them as dropped. It closes the run for all of
   * its writers: if several write, call it once, after the others have flushed.
   */
  finish(status: ClosingStatus = "finished", options?: FinishOptions): Promise<void> {
    return this.#closeAs("finish", () => readFinish(status, options, this.#parts.created));
  }

  /**
   * Closes the run as `failed`, with the name, the message and the stack of what was thrown. Parts that look like
   * secrets are replaced.
   */
  fail(error: unknown, options?: FinishOptions): Promise<void> {
    return this.#closeAs("fail", () => readFail(error, options, this.#parts.created));
  }

  /** Calls {@link finish} if the run is still open. It does not see exceptions: `ledger.withRun` records them. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.finish();
  }

  #tooLate(method: string, values = 1): Refusal | undefined {
    return this.#closing.ending && this.#late.refuse(method, this.#closing.ending.status, values);
  }

  #dropRow(metrics: Metrics): void {
    this.#late.drop("log", this.#closing.ending?.status);
    try {
      this.#writer.counts.refuse(this.#input.count(metrics));
    } catch (error) {
      throw unreadable("metrics", error);
    }
  }

  #closeAs(method: "finish" | "fail", read: () => Ending): Promise<void> {
    const work = async (): Promise<void> => await this.#closing.close(read());
    return unlessUnheard(this.#writer, method, work());
  }
}
