import type { OpenArtifact } from "../artifacts/open.ts";
import type { CallOptions } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { LEDGER_BACKEND } from "../backend/ledger-backend.ts";
import type { ArtifactRef, ArtifactVersion } from "../artifacts/version.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { readSignal } from "../arguments/options.ts";
import type { ExperimentSummary } from "../catalog/list-experiments.ts";
import type { CompareOptions, RunComparison } from "../compare/compare-records.ts";
import type { MediaEntry } from "../journal/media-entry.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { OpenRun, RunContext } from "../run/run-context.ts";
import type { MetricNamesOf, RunSchema, SchemaParamsOf, StartOptionsOf } from "../run/run-schema.ts";
import type { GivenStartOptions } from "../run/start-options.ts";
import type { ResumeRunOptions } from "../run/resume-run.ts";
import type { Run, StartRun } from "../run/run.ts";
import type { Tags } from "../run/tags.ts";
import { checkHistoryOptions, checkKeys, emptySeries, type HistoryOptions } from "../series/history-options.ts";
import type { Series } from "../series/series.ts";
import { LEDGER_FILES, type LedgerFiles } from "./ledger-files.ts";
import type { MediaQuery } from "./list-media.ts";
import type { OpenMedia } from "./open-media.ts";
import type { ConsoleQuery } from "./read-console.ts";
import type { ConsoleLine } from "../journal/console-lines.ts";
import type { RecoverOptions, Recovery } from "./recover.ts";
import type { RunUpdate, WatchRunOptions } from "./run-update.ts";
import type { RunQuery } from "./run-query.ts";
import { RunOrigins } from "./run-origins.ts";
import type { RunPage } from "./search-runs.ts";
import type { RunGroups, RunSummaryQuery } from "./summarise-runs.ts";
import { RunWatch } from "./watch-run.ts";
import { withRun } from "./with-run.ts";

// A program that only writes runs never loads the code that reads them, and the other way round. Each part is small, so that
// the first call of a process loads little.
const recordReading = /* @__PURE__ */ onDemand(() => import("./read-run.ts"));
const historyReading = /* @__PURE__ */ onDemand(() => import("./read-histories.ts"));
const mediaListing = /* @__PURE__ */ onDemand(() => import("./list-media.ts"));
const mediaOpening = /* @__PURE__ */ onDemand(() => import("./open-media.ts"));
const consoleReading = /* @__PURE__ */ onDemand(() => import("./read-console.ts"));
const patchReading = /* @__PURE__ */ onDemand(() => import("./code-patch.ts"));
const archiveReading = /* @__PURE__ */ onDemand(() => import("./code-archive.ts"));
const metricsListing = /* @__PURE__ */ onDemand(() => import("./metrics-files.ts"));
const watching = /* @__PURE__ */ onDemand(() => import("./watch-updates.ts"));
const comparing = /* @__PURE__ */ onDemand(() => import("./comparing.ts"));
const runCare = /* @__PURE__ */ onDemand(() => import("./run-care.ts"));
const cataloguing = /* @__PURE__ */ onDemand(() => import("./catalog-calls.ts"));
const rebuilding = /* @__PURE__ */ onDemand(() => import("../catalog/rebuild-catalog.ts"));
const resuming = /* @__PURE__ */ onDemand(() => import("../run/resume-run.ts"));
const searching = /* @__PURE__ */ onDemand(() => import("./search-runs.ts"));
const writing = /* @__PURE__ */ onDemand(() => import("../run/start-run.ts"));
// Needed only for runs of typed experiments.
const startingWithSchema = /* @__PURE__ */ onDemand(() => import("../run/start-with-schema.ts"));
// Needed only for a run with an id of the caller's own.
const startingWithId = /* @__PURE__ */ onDemand(() => import("../run/start-with-id.ts"));

/**
 * An open ledger: starts runs and reads them. Every method rejects with a `LedgerError`, or with the reason of its
 * signal.
 */
export class Ledger extends RunOrigins {
  readonly #context: RunContext;
  readonly #openRuns: ReadonlySet<OpenRun>;

  /** @internal Use `openLedger`. */
  constructor(context: RunContext, openRuns: ReadonlySet<OpenRun>) {
    super(context, openRuns);
    this.#context = context;
    this.#openRuns = openRuns;
    // For `runledger/files` and `publish`, which may be of another copy of the library. Bundlers cannot remove a static block, so
    // this is not one.
    const files: LedgerFiles = {
      catalogFiles: async (options) => await (await cataloguing()).listCatalogFiles(context, options),
      metricsFiles: async (runIds, options) =>
        await (await metricsListing()).listMetricsFiles(context, runIds, options),
    };
    Object.defineProperty(this, LEDGER_FILES, { value: files });
    Object.defineProperty(this, LEDGER_BACKEND, { value: context.backend });
  }

  /**
   * Starts a run. Once it resolves, everything in the options is stored, except `code`. Rejects with `RUN_EXISTS` for an
   * `id` that is taken. With a `schema`, the run is of that experiment, and rejects with `INVALID_ARGUMENT` for params
   * that do not fit.
   */
  async startRun<T extends object = Tags, Schema extends RunSchema | undefined = undefined>(
    options?: StartOptionsOf<Schema, T>,
  ): Promise<Run<MetricNamesOf<Schema>, SchemaParamsOf<Schema>>> {
    return await this.#start(options as GivenStartOptions | undefined);
  }

  readonly #start: StartRun = async (options) => {
    const { readStartOptions, startRun } = await writing();
    const own = readStartOptions(options);
    if (own.schema !== undefined) {
      const { startWithSchema } = await startingWithSchema();
      return await startWithSchema(own, this.#start);
    }
    if (own.id === undefined) return await startRun(this.#context, own, this.#start);
    const { startWithId } = await startingWithId();
    return await startWithId(this.#context, own, this.#start);
  };

  /**
   * Calls `work` with a new run, and finishes the run when `work` returns. If `work` throws, closes the run as `failed`
   * with the error, and throws the error again. Returns the value of `work` even if the run cannot be closed: then
   * `onError` gets the error, and the run reads as not finished.
   */
  async withRun<R, T extends object = Tags, Schema extends RunSchema | undefined = undefined>(
    options: StartOptionsOf<Schema, T>,
    work: (run: Run<MetricNamesOf<Schema>, SchemaParamsOf<Schema>>) => Promise<R> | R,
  ): Promise<R> {
    const given = options as GivenStartOptions;
    return await withRun(
      (own) => this.startRun(own),
      given,
      work as (run: Run) => Promise<R> | R,
      this.#context.onError,
    );
  }

  /**
   * Resumes a run, finished or not, in a new session: beside the writers that it has, or, with `mode: "exclusive"`,
   * instead of them. Rejects with `RUN_NOT_FOUND`, and with `RUN_CLOSED` if the run was deleted; see
   * {@link ResumeRunOptions}.
   */
  async resumeRun(id: string, options?: ResumeRunOptions): Promise<Run> {
    const { readResumeOptions, resumeRun } = await resuming();
    const { readRunCreated } = await recordReading();
    const own = readResumeOptions(options);
    const created = await readRunCreated(this.#context.backend, id, own.signal);
    return await resumeRun(this.#context, created, own, this.#start);
  }

  /**
   * Returns the record of a run, even while it is written. A run whose writers are certainly gone reads as
   * `interrupted`. If that cannot be known, it reads as `running`, with `lastActivity`. Rejects with `RUN_NOT_FOUND`,
   * and with `CORRUPT` if not even the beginning of the run can be read.
   */
  async getRun(id: string, options?: CallOptions): Promise<RunRecord> {
    const signal = readSignal("getRun", options);
    const { readRun } = await recordReading();
    return await readRun(this.#context.backend, id, signal);
  }

  /**
   * Returns a page of runs, the newest first unless `orderBy` says otherwise. `docs/search.md` describes filters. A run
   * that cannot be read is left out: `unreadable` of the page names it, and `onError` gets the error. A page token
   * continues after the last run of its page, whatever is added meanwhile; a run whose values change may appear twice
   * or not at all. Rejects with `INVALID_ARGUMENT`, which names what is wrong in the query, and where in its text.
   */
  searchRuns<F extends keyof RunRecord>(
    query: RunQuery & {
      /** The members of the records to return, besides `id`. */
      readonly fields: readonly F[];
    },
  ): Promise<RunPage<Pick<RunRecord, F | "id">>>;
  searchRuns(query?: RunQuery): Promise<RunPage>;
  async searchRuns(query: RunQuery = {}): Promise<RunPage> {
    const { searchRuns } = await searching();
    return await searchRuns(this.#context, query);
  }

  /** Yields the runs of all pages. `onError` gets the errors of runs that cannot be read. */
  async *iterateRuns(query?: RunQuery): AsyncGenerator<RunRecord, void, undefined> {
    let own = query;
    for (;;) {
      const page = await this.searchRuns(own);
      yield* page.runs;
      if (page.nextPageToken === undefined) return;
      own = { ...query, pageToken: page.nextPageToken };
    }
  }

  /**
   * Groups all runs that match by fields, and aggregates metrics over each group: `{ groupBy: ["params.lr"], metrics:
   * ["loss"] }`. Without `groupBy` all runs are one group. It reads columns of the catalogue, not records.
   *
   * `best` is by the `goal` that the query gives for a metric, else by what the runs show: if the best value of a run
   * is its least and not its greatest, the metric is minimized. A run with a single value shows nothing.
   *
   * A run that cannot be read is in no group: the member `unreadable` of the array names it. Rejects with
   * `INVALID_ARGUMENT`, which names what is wrong in the query.
   */
  async summarise(query?: RunSummaryQuery): Promise<RunGroups> {
    const { summariseRuns } = await cataloguing();
    return await summariseRuns(this.#context, query);
  }

  /**
   * Returns every experiment that has runs, the one with the latest run first. Deleted runs do not count. It reads
   * columns of the catalogue, not records.
   */
  async experiments(options?: CallOptions): Promise<ExperimentSummary[]> {
    const signal = readSignal("experiments", options);
    const { catalogOf, listExperiments } = await cataloguing();
    return await listExperiments(catalogOf(this.#context), signal);
  }

  /**
   * Returns runs side by side, in the order of the ids, each once: params, tags, code, environment and data sets that
   * differ, and metrics with the best run by their goal. Metrics named `system/…` and `tfjs/…` are left out unless `systemMetrics` is
   * set. `formatComparison` of `runledger/compare` makes a table of it.
   * Rejects with `RUN_NOT_FOUND`.
   */
  async compareRuns(ids: readonly string[], options?: CallOptions & CompareOptions): Promise<RunComparison> {
    const { compareRecords, readComparedRuns } = await comparing();
    return compareRecords(...(await readComparedRuns(this.#context.backend, ids, options)));
  }

  /**
   * Returns the changes of the code that the run was made with, as a patch that `git apply` takes, or `undefined` if the
   * run recorded none. `patch.complete` of the record's `code` says whether all changes are in it. Rejects with
   * `RUN_NOT_FOUND`, and with `CORRUPT` if the stored patch is missing or damaged.
   */
  async codePatch<As extends "text" | "bytes" = "text">(
    id: string,
    options?: CallOptions & {
      /** `"text"` (default), or `"bytes"`: exactly what `git apply` takes, also if lines are not UTF-8. */
      readonly as?: As | undefined;
    },
  ): Promise<(As extends "bytes" ? Uint8Array : string) | undefined> {
    const { readCodePatch } = await patchReading();
    return await readCodePatch(this.#context.backend, id, options);
  }

  /**
   * Returns the sources that the run recorded, as a zip archive checked against its digest, or `undefined` if the run
   * recorded none. `archive.complete` of the record's `code` says whether all files are in it. Rejects with
   * `RUN_NOT_FOUND`, and with `CORRUPT` if parts of the archive are missing or damaged.
   */
  async codeArchive(id: string, options?: CallOptions): Promise<Uint8Array | undefined> {
    const { readCodeArchive } = await archiveReading();
    return await readCodeArchive(this.#context.backend, id, options);
  }

  /**
   * Returns every point of one metric in step order, ties in the order of logging. It is empty if the run never logged
   * the metric. Rejects with `RUN_NOT_FOUND`, and with `CORRUPT` if points of the run are damaged or missing, unless
   * `damaged` is `"skip"`. The history of a fork begins with the points that it inherits. If those cannot be read, it
   * has the others, says so in `lost`, and `onError` gets the error.
   */
  async history(runId: string, key: string, options?: HistoryOptions): Promise<Series> {
    if (typeof key !== "string") throw invalidArgument("key", "a string", key);
    const own = checkHistoryOptions(options);
    const histories = await this.histories(runId, [key], own);
    return histories.get(key) ?? emptySeries(own);
  }

  /** Returns the {@link history} of several metrics, or of all. Metrics without points are absent. */
  async histories(runId: string, keys?: readonly string[], options?: HistoryOptions): Promise<Map<string, Series>> {
    const names = checkKeys(keys);
    const own = checkHistoryOptions(options);
    const { readHistories } = await historyReading();
    return await readHistories(this.#context, runId, names, own);
  }

  /**
   * Returns the texts, images, histograms and tables of a run without their contents, in step order, ties in the order
   * of logging. Rejects with `RUN_NOT_FOUND`, and with `CORRUPT` if records of the run are damaged or missing, unless
   * `damaged` is `"skip"`.
   */
  async media(runId: string, query?: MediaQuery): Promise<MediaEntry[]> {
    const { listMedia } = await mediaListing();
    return await listMedia(this.#context.backend, runId, query);
  }

  /**
   * Returns the content of a value that {@link media} or a `log…` call returned, after checking its digest. Rejects
   * with `CORRUPT` if it is not what was logged.
   */
  async openMedia(entry: MediaEntry, options?: CallOptions): Promise<OpenMedia> {
    const signal = readSignal("openMedia", options);
    const { openMedia } = await mediaOpening();
    return await openMedia(this.#context.backend, entry, signal);
  }

  /**
   * Returns what the process of a run wrote to stdout and stderr, in the order of time, also while the run is open. It
   * is empty unless the run was started through `openLedger` of `runledger/node` with `capture: { console: true }`.
   * Rejects with `RUN_NOT_FOUND`, and with `CORRUPT` if records of the run are damaged or missing.
   */
  async console(runId: string, query?: ConsoleQuery): Promise<ConsoleLine[]> {
    const { readConsole } = await consoleReading();
    return await readConsole(this.#context.backend, runId, query);
  }

  /**
   * Yields updates of a run while it runs, in this process or another. The first update comes at once and holds
   * everything so far; each further one holds what is new. The last one has the final status, then the iterable ends.
   * Each point is delivered once, in the order in which its writer logged it.
   *
   * It looks again 250 ms after something happened, then less and less often, at last every 10 s. It looks at once if
   * the backend reports changes. It looks only while the caller waits for an update, and keeps the process alive then.
   * Leaving the loop, or an abort, releases everything. Points that a fork inherits are in no update.
   *
   * Rejects with `RUN_NOT_FOUND`, with the signal's reason, or with the backend's error if the backend has failed for
   * `giveUpMs`. `onError` gets earlier errors.
   */
  watchRun(id: string, options?: WatchRunOptions): AsyncIterableIterator<RunUpdate, void, undefined> {
    return new RunWatch(
      async (own, signal) => (await watching()).watchUpdates(this.#context, id, own, signal),
      options,
    );
  }

  /**
   * Opens a version of an artifact, named as `name:v3`, `name:best`, `name` (the newest) or `name@sha256:…`. Rejects
   * with `ARTIFACT_NOT_FOUND`.
   */
  async openArtifact(ref: ArtifactRef, options?: CallOptions): Promise<OpenArtifact> {
    return await (await this.#context.artifacts()).open(ref, callOptions(readSignal("openArtifact", options)));
  }

  /** Returns the versions of an artifact, `v0` first. Returns none for a name that was never logged. */
  async artifactVersions(name: string, options?: CallOptions): Promise<ArtifactVersion[]> {
    return await (await this.#context.artifacts()).versions(name, callOptions(readSignal("artifactVersions", options)));
  }

  /**
   * Makes an alias point at a version (`"v3"`, another alias or `latest`) from now on. Rejects with
   * `ARTIFACT_NOT_FOUND`.
   */
  async setAlias(name: string, version: string, alias: string, options?: CallOptions): Promise<ArtifactVersion> {
    return await (
      await this.#context.artifacts()
    ).setAlias(name, version, alias, callOptions(readSignal("setAlias", options)));
  }

  /**
   * Deletes a run softly: searches leave it out, and `getRun` returns it with `deletedAt`. Nothing of it is removed,
   * and its writers continue, but nobody can resume it. Deleting it again changes nothing. Rejects with
   * `RUN_NOT_FOUND`, and with `CONFLICT` if others restore it all the time.
   */
  async deleteRun(id: string, options?: CallOptions): Promise<void> {
    await (await runCare()).setDeleted(this.#context, id, true, readSignal("deleteRun", options));
  }

  /** Undoes {@link deleteRun}. Restoring a run that is not deleted changes nothing. Rejects as `deleteRun` does. */
  async restoreRun(id: string, options?: CallOptions): Promise<void> {
    await (await runCare()).setDeleted(this.#context, id, false, readSignal("restoreRun", options));
  }

  /**
   * Closes runs whose writers are gone as `interrupted`: one run, or all of them. It is safe at any time, any number of
   * times: what a slow writer records later still counts. If the processes of the writers cannot be asked, it waits
   * three times as long as the writers promised between two signs of life. A run that cannot be read does not keep the
   * others from being closed: `unreadable` of the result names it. With an `id`, the call rejects with the reason
   * instead.
   */
  async recover(id?: string, options?: RecoverOptions): Promise<Recovery> {
    const { recoverRuns } = await runCare();
    return await recoverRuns(this.#context, id, new Set([...this.#openRuns].map((run) => run.id)), options);
  }

  /**
   * Rebuilds the catalogue, which `searchRuns` reads, from the runs alone: it never holds anything that the runs do
   * not. Others may write and search meanwhile. Call it after objects of the catalogue were partly lost; a search
   * itself notices damaged objects, and a catalogue that is missing.
   */
  async rebuildCatalog(options?: CallOptions): Promise<{
    /** The number of runs in the catalogue. */
    readonly runs: number;
  }> {
    const signal = readSignal("rebuildCatalog", options);
    const { catalogOf, rebuildCatalog } = await rebuilding();
    const catalog = catalogOf(this.#context);
    return await this.#context.background.alone(() => rebuildCatalog(catalog, undefined, signal), signal);
  }

  /**
   * Moves all closed runs into segments of the catalogue, from which searches read many runs at a time. A search does
   * that in the background after its answer, once there are enough of them. Rejects with the backend's error, such as
   * `PERMISSION_DENIED`.
   */
  async compactCatalog(options?: CallOptions): Promise<void> {
    const signal = readSignal("compactCatalog", options);
    const { catalogOf, compactCatalog } = await cataloguing();
    await compactCatalog(catalogOf(this.#context), undefined, 1, signal);
  }

  /**
   * Waits for the work in the background: the tidying of the catalogue after searches, which nothing else keeps the
   * process alive for. Open runs stay open: `finish()` closes a run. The ledger can be used afterwards, and closed again.
   * An aborted signal ends the waiting, not the work.
   */
  async close(options?: CallOptions): Promise<void> {
    await this.#context.background.settled(readSignal("close", options));
  }

  /** Does what {@link close} does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
