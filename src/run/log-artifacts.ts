import type { CallOptions } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import type { ArtifactSource } from "../artifacts/source.ts";
import type { LogArtifactOptions, StoreOptions } from "../artifacts/store.ts";
import type { ArtifactRef, ArtifactVersion } from "../artifacts/version.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { type OptionNames, readOptions, readSignal } from "../arguments/options.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import type { RunContext } from "./run-context.ts";
import { copyData } from "./start-options.ts";
import { copySource } from "../artifacts/own-source.ts";
import { abortable } from "../platform/abort.ts";
import { neverUnhandled } from "./heard-promise.ts";
import type { Refusal } from "./late-calls.ts";
import { tellUnheard } from "./unheard-failure.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;
/** The smallest record of a version. */
const SMALLEST = {
  name: "",
  version: "v0",
  digest: DIGEST,
  size: 0,
  aliases: [],
  createdAt: 0,
  manifest: { key: "", size: 0, digest: DIGEST },
};

/** A call of `logArtifact` or `useArtifact`. */
interface Call {
  /** Set if the run is closed. */
  readonly tooLate: Refusal | undefined;
  signal?: AbortSignal | undefined;
}

/** Stores and records the artifacts that a session of a run makes and uses. */
export class ArtifactLog {
  readonly #context: RunContext;
  readonly #writer: JournalWriter;
  readonly #runId: string;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(context: RunContext, writer: JournalWriter, runId: string) {
    this.#context = context;
    this.#writer = writer;
    this.#runId = runId;
  }

  /** Whether no call is under way. */
  get isSettled(): boolean {
    return this.#underWay.size === 0;
  }

  /** Stores an artifact and records the version. See `Run.logArtifact`. */
  log(
    name: string,
    source: ArtifactSource,
    options: LogArtifactOptions | undefined,
    tooLate: Refusal | undefined,
  ): Promise<ArtifactVersion> {
    const call: Call = { tooLate };
    return this.#unlessUnheard("logArtifact", name, call, this.#log(call, name, source, options));
  }

  /** Records that the run uses a version. See `Run.useArtifact`. */
  use(ref: ArtifactRef, options: CallOptions | undefined, tooLate: Refusal | undefined): Promise<ArtifactVersion> {
    const call: Call = { tooLate };
    return this.#unlessUnheard("useArtifact", ref, call, this.#use(call, ref, options));
  }

  /**
   * Stores a version for another call, and records that the run made it, or used it if another run made it. Reserves
   * its room first.
   */
  async store(name: string, source: ArtifactSource, options: StoreOptions): Promise<ArtifactVersion> {
    const release = this.#writer.reserve({ kind: "artifact", version: { ...SMALLEST, metadata: {} } }, "artifact");
    const settings = { ...options, runId: this.#runId };
    const work = this.#context.artifacts().then((store) => store.log(name, source, settings));
    const version = await work.finally(release);
    options.signal?.throwIfAborted();
    const kind = version.runId === this.#runId ? "artifact" : "input";
    this.#writer.event({ kind, version: { ...version, aliases: [...version.aliases] } }, kind);
    return version;
  }

  /** Records for another call that the run uses a version. Returns it, and what it says of itself as a data set. */
  async useDataset(
    ref: ArtifactRef,
    options: CallOptions,
  ): Promise<{ readonly version: ArtifactVersion; readonly dataset: unknown }> {
    const call: Call = { tooLate: undefined, signal: options.signal };
    const found = this.#context.artifacts().then((store) => store.resolveWithDataset(ref, options));
    await this.#record(
      call,
      "input",
      found.then(({ version }) => version),
    );
    return await found;
  }

  /** Makes {@link settle} wait for a task. Returns the task, which rejects with the reason of an aborted signal. */
  async track<T>(task: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    this.#underWay.add(task);
    const end = (): void => void this.#underWay.delete(task);
    task.then(end, end);
    return await abortable(task, signal);
  }

  /** Resolves once no call is under way. A failed call rejects its own promise only. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #log(
    call: Call,
    name: string,
    source: ArtifactSource,
    options: LogArtifactOptions | undefined,
  ): Promise<ArtifactVersion> {
    this.#assertOpen(call);
    const given = readOptions("logArtifact", options, ARTIFACT_OPTIONS);
    call.signal = given.signal;
    // Copied before the first `await`, so that the caller may change the source right after the call.
    const own = copySource(source);
    const metadata = given.metadata === undefined ? undefined : copyData(given.metadata, "metadata");
    // Reserved before the upload, because the upload of a version without room would be useless.
    const release = this.#writer.reserve(
      { kind: "artifact", version: { ...SMALLEST, metadata: metadata ?? {} } },
      "artifact",
    );
    const settings = { ...given, ...(metadata && { metadata }), runId: this.#runId };
    const work = this.#context.artifacts().then((store) => store.log(name, own, settings));
    return await this.#record(call, "artifact", work.finally(release));
  }

  async #use(call: Call, ref: ArtifactRef, options: CallOptions | undefined): Promise<ArtifactVersion> {
    this.#assertOpen(call);
    call.signal = readSignal("useArtifact", options);
    const work = this.#context.artifacts().then((store) => store.resolve(ref, callOptions(call.signal)));
    return await this.#record(call, "input", work);
  }

  #assertOpen({ tooLate }: Call): void {
    this.#writer.assertUnfenced();
    if (tooLate) throw tooLate.error;
  }

  /** Tells `onError` of a failure that no caller handles, unless the caller brought it about. */
  #unlessUnheard(
    method: "logArtifact" | "useArtifact",
    name: unknown,
    call: Call,
    work: Promise<ArtifactVersion>,
  ): Promise<ArtifactVersion> {
    return neverUnhandled(work, (reason) => {
      const isAbort = call.signal?.aborted === true && !LedgerError.is(reason);
      if (!isAbort && !call.tooLate?.isExpected) tellUnheard(this.#writer, method, name, reason);
    });
  }

  /** Records the version. After an abort, a record that is under way still ends before the run does. */
  async #record(
    { signal }: Call,
    kind: "artifact" | "input",
    work: Promise<ArtifactVersion>,
  ): Promise<ArtifactVersion> {
    const task = work.then(async (version) => {
      signal?.throwIfAborted();
      const { description: _, ...recorded } = version;
      this.#writer.event({ kind, version: { ...recorded, aliases: [...version.aliases] } }, kind);
      await this.#writer.flush();
      return version;
    });
    return await this.track(task, signal);
  }
}

/** All names of {@link LogArtifactOptions}. */
const ARTIFACT_OPTIONS: OptionNames<LogArtifactOptions> = {
  type: true,
  description: true,
  aliases: true,
  metadata: true,
  signal: true,
  onProgress: true,
};
