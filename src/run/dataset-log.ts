import { copySource } from "../artifacts/own-source.ts";
import { invalidArgument, LedgerError, reading, unreadable } from "../errors/ledger-error.ts";
import type { DatasetEvent } from "../journal/event.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { onDemand } from "../platform/on-demand.ts";
import { neverUnhandled } from "./heard-promise.ts";
import type { Refusal } from "./late-calls.ts";
import type { ArtifactLog } from "./log-artifacts.ts";
import {
  type CheckedDatasetOptions,
  checkDatasetOptions,
  type DatasetSource,
  isReference,
  isVersion,
  type LogDatasetOptions,
  type LoggedDataset,
  referenceEvent,
} from "./log-dataset.ts";
import type { RunContext } from "./run-context.ts";
import { tellUnheard } from "./unheard-failure.ts";

const describing = /* @__PURE__ */ onDemand(() => import("./describe-dataset.ts"));

/** A call of `logDataset`. */
interface Call {
  /** Set if the run is closed. */
  readonly tooLate: Refusal | undefined;
  signal?: AbortSignal | undefined;
}

/** Records the data sets that a session of a run uses. */
export class DatasetLog {
  readonly #context: RunContext;
  readonly #writer: JournalWriter;
  readonly #artifacts: ArtifactLog;

  constructor(context: RunContext, writer: JournalWriter, artifacts: ArtifactLog) {
    this.#context = context;
    this.#writer = writer;
    this.#artifacts = artifacts;
  }

  /** Records a data set, a reference before it returns. See `Run.logDataset`. */
  log(
    name: string,
    source: DatasetSource,
    options: LogDatasetOptions | undefined,
    tooLate: Refusal | undefined,
  ): Promise<LoggedDataset> {
    const call: Call = { tooLate };
    return neverUnhandled(this.#log(call, name, source, options), (reason) => {
      const isAbort = call.signal?.aborted === true && !LedgerError.is(reason);
      if (!isAbort && !tooLate?.isExpected) tellUnheard(this.#writer, "logDataset", name, reason);
    });
  }

  async #log(
    call: Call,
    name: string,
    source: DatasetSource,
    options: LogDatasetOptions | undefined,
  ): Promise<LoggedDataset> {
    this.#writer.assertUnfenced();
    if (call.tooLate) throw call.tooLate.error;
    const checked = checkDatasetOptions(name, options);
    const { signal } = checked;
    call.signal = signal;
    signal?.throwIfAborted();
    if (typeof source !== "object" || source === null)
      throw invalidArgument(
        "source",
        "{ digest, uri }, a table, or a source of an artifact",
        source,
        typeof source === "string" ? ": use fromPath(path) of runledger/backends/fs for a file or directory" : "",
      );
    if (isReference(source) && !isVersion(source)) return this.#record(referenceEvent(source, checked));
    const hasTableTypes = reading("source", () => Object.hasOwn(source, "json"));
    return await this.#artifacts.track(this.#describe(copySource(source), { ...checked, hasTableTypes }), signal);
  }

  async #describe(source: Exclude<DatasetSource, string>, options: CheckedDatasetOptions): Promise<LoggedDataset> {
    const { describeDataset } = await describing();
    const facts = await describeDataset(this.#context, this.#artifacts, source, options).catch((error: unknown) => {
      throw options.signal?.aborted ? options.signal.reason : unreadable("source", error);
    });
    options.signal?.throwIfAborted();
    const recorded = this.#record({ ...options.event, ...facts });
    // The version and the data set are recorded when the promise resolves, as by `logArtifact`.
    if (facts.artifact !== undefined) await this.#writer.flush();
    return recorded;
  }

  #record(event: DatasetEvent): LoggedDataset {
    this.#writer.event(event, "dataset");
    const { kind: _kind, ...logged } = event;
    return logged;
  }
}
