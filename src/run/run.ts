import { SMALL_BYTES } from "../artifacts/small-bytes.ts";
import type { ArtifactSource } from "../artifacts/source.ts";
import type { LogArtifactOptions } from "../artifacts/store.ts";
import type { ArtifactRef, ArtifactVersion } from "../artifacts/version.ts";
import { LedgerError, invalidArgument } from "../backend/error.ts";
import type { ClosingStatus, Dictionary, ErrorSummary, NewEvent } from "../journal/event.ts";
import { findConflict, mergeParams, newDictionary } from "../journal/params.ts";
import type { RunCreated } from "../journal/run-created.ts";
import type { MetricDefinition, RunStatus } from "../journal/run-record.ts";
import { highestOrder } from "../journal/writer-fold.ts";
import type { JournalWriter, WriterStats } from "../journal/writer.ts";
import { listRun, readWriters, writeRunDocument } from "./close-run.ts";
import type { RunContext } from "./context.ts";
import { summariseError } from "./error-summary.ts";
import { MetricInput, type Metrics } from "./metric-input.ts";
import { copyData, type StartRunOptions } from "./options.ts";
import { checkName, checkTags, checkText } from "./text.ts";

/** Where a point stands. */
export interface LogPosition {
  /** A safe integer. Steps may repeat, go back, be negative or skip. Default: the run counts up its own, from 0. */
  readonly step?: number;
  /** ms since the epoch; fractions are rounded. Default: now. */
  readonly time?: number;
}

/** What a run is made of inside. */
export interface RunParts {
  readonly context: RunContext;
  readonly created: RunCreated;
  readonly writer: JournalWriter;
  /** Params as they stand, for a run that goes on. */
  readonly params: Dictionary;
  /** Step of the next call of `log()` that gives none. */
  readonly nextStep: number;
  readonly startChild: (options: StartRunOptions) => Promise<Run>;
  readonly signal: AbortSignal | undefined;
  /** Says, first of all, that a writer joined. Left out by the session that began the run. */
  readonly session?: NewEvent;
}

/** Furthest moment a Date can say, in ms either side of the epoch. */
const MAX_TIME = 8.64e15;

/**
 * A run that is being written: what training code holds. Everything but artifacts goes to a buffer at once and to the
 * backend in the background; {@link flush} and {@link finish} wait for it.
 */
export class Run implements AsyncDisposable {
  /** URL-safe, sorts by start time. */
  readonly id: string;
  readonly name: string;
  readonly experiment: string;
  readonly #parts: RunParts;
  readonly #writer: JournalWriter;
  readonly #input: MetricInput;
  readonly #params: Dictionary;
  readonly #uploads = new Set<Promise<unknown>>();
  readonly #abort: () => void;
  #nextStep: number;
  #status: RunStatus = "running";
  #ending: { status: ClosingStatus; error?: ErrorSummary } | undefined;
  #finishRecorded = false;
  #closing: Promise<void> | undefined;

  constructor(parts: RunParts) {
    this.#parts = parts;
    const { created, writer, context, signal } = parts;
    this.id = created.id;
    this.name = created.name;
    this.experiment = created.experiment;
    this.#writer = writer;
    this.#input = new MetricInput(writer.registry);
    this.#params = newDictionary();
    mergeParams(this.#params, parts.params);
    this.#nextStep = parts.nextStep;
    this.#abort = () => void this.finish("killed").catch(() => {});
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (parts.session) writer.event(parts.session, "session");
    context.onOpen(this);
  }

  get status(): RunStatus {
    return this.#status;
  }

  /** How much was logged, stored, is waiting, was dropped; see {@link WriterStats}. */
  get stats(): WriterStats {
    return this.#writer.stats;
  }

  /**
   * Logs metric values at a step. Never waits and never throws for trouble with the backend. Nested objects flatten with `/`.
   * Throws `INVALID_ARGUMENT`, and logs nothing of the call, for a value that is no number (NaN, ±Infinity and -0 are kept
   * exactly; a bigint must be one that float64 holds exactly; `undefined` is skipped); `RUN_CLOSED` once the run is finished.
   */
  log(metrics: Metrics, at?: LogPosition): void {
    if (this.#ending) throw this.#closed("log");
    const step = at?.step;
    if (step !== undefined && !Number.isSafeInteger(step)) throw invalidArgument("step", "a safe integer", step);
    let time = at?.time;
    if (time === undefined) time = Math.round(this.#parts.context.clock.now());
    else if (typeof time !== "number" || !(time >= -MAX_TIME && time <= MAX_TIME))
      throw invalidArgument("time", "a number of ms since the epoch", time);
    else time = Math.round(time);

    const shape = this.#input.read(metrics);
    if (shape === "nothing") return;
    const place = step ?? this.#nextStep++;
    const { values } = this.#input;
    if (shape === "loose") {
      const { looseKeys, looseNames } = this.#input;
      this.#writer.looseRow(looseNames, looseKeys, place, time, values);
    } else this.#writer.row(shape, place, time, values);
  }

  /**
   * Sets params; nested objects are merged. Throws `PARAM_CONFLICT` naming the param when one would get another value, unless
   * `overwrite`; the history is kept either way.
   */
  setParams(params: object, { overwrite = false }: { readonly overwrite?: boolean } = {}): void {
    if (this.#ending) throw this.#closed("setParams");
    const set = copyData(params, "params");
    if (Object.keys(set).length === 0) return;
    const conflict = overwrite ? undefined : findConflict(this.#params, set);
    if (conflict !== undefined) {
      throw new LedgerError(
        "PARAM_CONFLICT",
        `the param ${conflict} already has another value; pass { overwrite: true } to replace it`,
        {
          field: `params.${conflict}`,
        },
      );
    }
    this.#writer.event({ kind: "params", set }, "params");
    mergeParams(this.#params, set);
  }

  /** Sets tags; the last write wins. Numbers and booleans become text. */
  setTags(tags: { readonly [key: string]: string | number | boolean }): void {
    if (this.#ending) throw this.#closed("setTags");
    const set = checkTags(tags, "tags");
    if (Object.keys(set).length > 0) this.#writer.event({ kind: "tags", set }, "tags");
  }

  /** Removes a tag; removing one that is not there is fine. */
  removeTag(key: string): void {
    if (this.#ending) throw this.#closed("removeTag");
    this.#writer.event({ kind: "tags", remove: [checkName(key, "key")] }, "tags");
  }

  /** Sets the run's free text; the last write wins. */
  setNote(text: string): void {
    if (this.#ending) throw this.#closed("setNote");
    this.#writer.event({ kind: "note", text: checkText(text, "note") }, "note");
  }

  /** Says what a metric, or all that fit a glob, means. `goal` decides which point is best. */
  defineMetric(name: string, { goal, stepMetric, unit, description }: MetricDefinition = {}): void {
    if (this.#ending) throw this.#closed("defineMetric");
    checkName(name, "name");
    if (goal !== undefined && goal !== "minimize" && goal !== "maximize")
      throw invalidArgument("goal", '"minimize" or "maximize"', goal);
    const definition = {
      ...(goal && { goal }),
      ...(stepMetric !== undefined && { stepMetric: checkName(stepMetric, "stepMetric") }),
      ...(unit !== undefined && { unit: checkText(unit, "unit", 100) }),
      ...(description !== undefined && { description: checkText(description, "description", 10_000) }),
    };
    this.#writer.event({ kind: "metric", name, ...definition }, "metric");
  }

  /**
   * Stores bytes, text, a Blob, a stream, a file or a directory as the next version of an artifact. Resolves once content,
   * manifest and the run's own record of it are acknowledged. The same content again uploads nothing.
   * Rejects with `INVALID_ARGUMENT`, with what the backend met, or with the signal's reason.
   */
  async logArtifact(name: string, source: ArtifactSource, options: LogArtifactOptions = {}): Promise<ArtifactVersion> {
    if (this.#ending) throw this.#closed("logArtifact");
    // Copied before anything is awaited, so that the caller may change them right after the call.
    const own = source instanceof Uint8Array && source.byteLength <= SMALL_BYTES ? source.slice() : source;
    const settings = {
      ...options,
      ...(options.metadata && { metadata: copyData(options.metadata, "metadata") }),
      runId: this.id,
    };
    const work = this.#parts.context.artifacts().then((store) => store.log(name, own, settings));
    return await this.#upload(work, "artifact");
  }

  /** Records that the run uses a version, named as `name:v3`, `name:best` or `name@sha256:…`. `ARTIFACT_NOT_FOUND` if there is none. */
  async useArtifact(ref: ArtifactRef, options: { readonly signal?: AbortSignal } = {}): Promise<ArtifactVersion> {
    if (this.#ending) throw this.#closed("useArtifact");
    return await this.#upload(
      this.#parts.context.artifacts().then((store) => store.resolve(ref, options)),
      "input",
    );
  }

  /** Starts a run whose `parent` is this one, in the same experiment unless said otherwise. */
  async startChild(options: StartRunOptions = {}): Promise<Run> {
    return await this.#parts.startChild({ experiment: this.experiment, ...options, parent: this.id });
  }

  /**
   * Resolves once everything logged before the call is acknowledged by the backend at its durability. Rejects with the cause
   * otherwise: the data is still buffered and a later flush can succeed.
   */
  async flush(): Promise<void> {
    await this.#writer.flush();
  }

  /**
   * Closes the run: waits for artifacts under way, flushes, and writes its final record. Again is fine; the first status
   * counts. Rejects when something could not be stored: nothing is lost, and calling it again tries again.
   */
  finish(status: ClosingStatus = "finished"): Promise<void> {
    if (status !== "finished" && status !== "failed" && status !== "killed") {
      return Promise.reject(invalidArgument("status", '"finished", "failed" or "killed"', status));
    }
    return this.#close({ status });
  }

  /** Closes the run as `failed`, with what was thrown. */
  fail(error: unknown): Promise<void> {
    return this.#close({ status: "failed", error: summariseError(error) });
  }

  /** {@link finish}, when the run is still open. It cannot see an exception: `ledger.withRun` records those. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.finish();
  }

  #closed(method: string): LedgerError {
    return new LedgerError(
      "RUN_CLOSED",
      `run ${this.id} is closed (${this.#ending?.status}), so ${method} comes too late`,
      { operation: method },
    );
  }

  async #upload(work: Promise<ArtifactVersion>, kind: "artifact" | "input"): Promise<ArtifactVersion> {
    const task = work.then(async (version) => {
      this.#writer.event({ kind, version: { ...version, aliases: [...version.aliases] } }, kind);
      await this.#writer.flush();
      return version;
    });
    this.#uploads.add(task);
    try {
      return await task;
    } finally {
      this.#uploads.delete(task);
    }
  }

  #close(ending: { status: ClosingStatus; error?: ErrorSummary }): Promise<void> {
    this.#ending ??= ending;
    this.#closing ??= this.#closeNow(this.#ending).catch((error: unknown) => {
      this.#closing = undefined;
      throw error;
    });
    return this.#closing;
  }

  async #closeNow(ending: { status: ClosingStatus; error?: ErrorSummary }): Promise<void> {
    const { context, created, signal } = this.#parts;
    const { backend } = context;
    // What failed there has rejected where it was called.
    await Promise.allSettled(this.#uploads);
    const listing = await listRun(backend, this.id);
    const others = await readWriters(backend, created, listing, this.#writer.id);
    this.#writer.observe(highestOrder(others));
    if (!this.#finishRecorded) {
      this.#writer.event({ kind: "finish", ...ending }, "finish");
      this.#finishRecorded = true;
    }
    await this.#writer.flush();
    const own = this.#writer.fold(created);
    if (own) {
      await writeRunDocument(backend, created, listing, [...others, own], {
        writer: own.writer,
        segments: this.#writer.stored,
      });
    } else {
      const all = await listRun(backend, this.id);
      await writeRunDocument(backend, created, all, await readWriters(backend, created, all));
    }
    this.#status = ending.status;
    this.#writer.close();
    signal?.removeEventListener("abort", this.#abort);
    context.onClose(this);
  }
}
