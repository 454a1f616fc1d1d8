import type { OpenArtifact } from "../artifacts/open.ts";
import type { CallOptions } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import type { ArtifactRef, ArtifactVersion } from "../artifacts/version.ts";
import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { readOptions, readSignal } from "../arguments/options.ts";
import type { ExperimentSummary } from "../catalog/list-experiments.ts";
import type { RunComparison } from "../compare/compare-records.ts";
import type { MediaEntry } from "../journal/media-entry.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { OpenRun, RunContext } from "../run/context.ts";
import type { StartRunOptions } from "../run/options.ts";
import type { ResumeRunOptions } from "../run/resume-run.ts";
import type { Run, StartRun } from "../run/run.ts";
import type { Tags } from "../run/tags.ts";
import { checkHistoryOptions, checkKeys, type HistoryOptions } from "../series/history-options.ts";
import type { Series } from "../series/series.ts";
import { LEDGER_FILES, type LedgerFiles } from "./ledger-files.ts";
import type { MediaQuery, OpenMedia } from "./media.ts";
import type { RecoverOptions, Recovery } from "./recover.ts";
import type { RunUpdate, WatchRunOptions } from "./run-update.ts";
import type { RunQuery } from "./run-query.ts";
import type { RunPage } from "./search-runs.ts";
import type { RunGroups, RunSummaryQuery } from "./summarise-runs.ts";
import { RunWatch } from "./watch-run.ts";

// A program that only writes runs never loads what reads them, and the other way round.
const reading = /* @__PURE__ */ onDemand(() => import("./reading.ts"));
// Apart from what reads single runs: the first answer of a process need not wait for that.
const searching = /* @__PURE__ */ onDemand(() => import("./search-runs.ts"));
const writing = /* @__PURE__ */ onDemand(() => import("../run/start-run.ts"));
// What looks for a run of a given id, and goes on with it.
const startingOwn = /* @__PURE__ */ onDemand(() => import("../run/start-own.ts"));

/** An open ledger: starts runs and reads them. Every method rejects with a `LedgerError`, or with the reason of its signal. */
export class Ledger {
  readonly #context: RunContext;
  readonly #openRuns: ReadonlySet<OpenRun>;

  /** @internal Use `openLedger`. */
  constructor(context: RunContext, openRuns: ReadonlySet<OpenRun>) {
    this.#context = context;
    this.#openRuns = openRuns;
    // For `runledger/files`, which may be of another copy of the library. Not in a static block, which no bundler would leave out.
    const files: LedgerFiles = {
      catalogFiles: async (options) => await (await reading()).listCatalogFiles(context, options),
      metricsFiles: async (runIds, options) => await (await reading()).listMetricsFiles(context, runIds, options),
    };
    Object.defineProperty(this, LEDGER_FILES, { value: files });
  }

  /** Starts a run. Once it resolves, everything in the options is stored. `RUN_EXISTS` for an `id` that is taken. */
  async startRun<T extends object = Tags>(options?: StartRunOptions<T>): Promise<Run> {
    return await this.#start(options as StartRunOptions | undefined);
  }

  readonly #start: StartRun = async (options) => {
    const { readStartOptions, startRun } = await writing();
    const own = readStartOptions(options);
    if (own.id === undefined) return await startRun(this.#context, own, this.#start);
    const { startOwn } = await startingOwn();
    return await startOwn(this.#context, own, this.#start);
  };

  /**
   * Runs `work` with a new run and finishes it on return; on a throw the run is closed as `failed`, with the error, which is thrown
   * on. Gives the value of `work` back also if the run cannot be closed: `onError` is told, and the run reads as not finished.
   */
  async withRun<T, G extends object = Tags>(
    options: StartRunOptions<G>,
    work: (run: Run) => Promise<T> | T,
  ): Promise<T> {
    if (typeof work !== "function") throw invalidArgument("work", "a function", work);
    const run = await this.startRun(options);
    let result: T;
    try {
      result = await work(run);
    } catch (error) {
      // The caller's error matters more than the run's own trouble.
      await run.fail(error).catch((trouble: unknown) => this.#tell(trouble));
      throw error;
    }
    await run.finish().catch((trouble: unknown) => this.#tell(trouble));
    return result;
  }

  #tell(trouble: unknown): void {
    this.#context.onError(
      LedgerError.is(trouble) ? trouble : new LedgerError("IO", "a run could not be closed", { cause: trouble }),
    );
  }

  /**
   * Goes on with a run, in a session of its own: beside the writers it has, or, with `mode: "exclusive"`, in their place.
   * `RUN_NOT_FOUND`; see {@link ResumeRunOptions}.
   */
  async resumeRun(id: string, options?: ResumeRunOptions): Promise<Run> {
    const { readRunCreated, RESUME_OPTIONS, resumeRun } = await reading();
    const own = readOptions("resumeRun", options, RESUME_OPTIONS);
    const created = await readRunCreated(this.#context.backend, id, own.signal);
    return await resumeRun(this.#context, created, own, this.#start);
  }

  /**
   * The record of a run, also while it is written. A run whose writers are certainly gone reads as `interrupted`; where nobody can
   * know, as `running`, with `lastActivity`. `RUN_NOT_FOUND`; `CORRUPT` when not even its beginning can be read.
   */
  async getRun(id: string, options?: CallOptions): Promise<RunRecord> {
    const signal = readSignal("getRun", options);
    const { readRun } = await reading();
    return await readRun(this.#context.backend, id, signal);
  }

  /**
   * Runs, a page at a time, the newest first unless `orderBy` says otherwise. A run that cannot be read is left out: `unreadable` of the
   * page names it, and `onError` hears why. What a filter may say is in `docs/search.md`. A page token goes on behind the run that the page ended with, whatever is added meanwhile; a
   * run whose values change may come twice or not at all. `INVALID_ARGUMENT` names what is wrong in the query, and where in its text.
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

  /** The runs of all pages. `onError` hears of runs that cannot be read. */
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
   * Groups all runs that fit by fields, and aggregates metrics over each group: `{ groupBy: ["params.lr"], metrics: ["loss"] }`. It reads
   * columns of the catalogue, no records. Without `groupBy` all are one group. `best` is by the `goal` given with a metric, else by what the runs tell: a metric with a goal
   * whose best value is its least and not its greatest is minimized. One that has a single value in each run tells nothing.
   * A run that cannot be read is in no group: the member `unreadable` of the array names it. `INVALID_ARGUMENT` names what is wrong in
   * the query.
   */
  async summarise(query?: RunSummaryQuery): Promise<RunGroups> {
    const { summariseRuns } = await reading();
    return await summariseRuns(this.#context, query);
  }

  /**
   * Every experiment that has runs, with how many it has and when the latest began; the one of the latest first. Deleted runs do not
   * count. It reads columns of the catalogue, no records.
   */
  async experiments(options: CallOptions = {}): Promise<ExperimentSummary[]> {
    const { catalogOf, listExperiments } = await reading();
    return await listExperiments(catalogOf(this.#context), options.signal);
  }

  /**
   * Runs side by side, in the order of the ids, each once: params, tags, code, environment and data sets that differ, and metrics with
   * the best run by their goal. `formatComparison` of `runledger/compare` makes a table of it. `RUN_NOT_FOUND`.
   */
  async compareRuns(ids: readonly string[], options?: CallOptions): Promise<RunComparison> {
    const { compareRuns } = await reading();
    return await compareRuns(this.#context.backend, ids, options);
  }

  /**
   * Every point of one metric, in step order, ties in the order of logging; empty when the run never logged it.
   * `RUN_NOT_FOUND`; `CORRUPT` when points of the run are damaged or missing, unless `damaged: "skip"`.
   */
  async history(runId: string, key: string, options?: HistoryOptions): Promise<Series> {
    if (typeof key !== "string") throw invalidArgument("key", "a string", key);
    const own = checkHistoryOptions(options);
    const histories = await this.histories(runId, [key], own);
    return (
      histories.get(key) ?? {
        steps: new Float64Array(0),
        times: new Float64Array(0),
        values: new Float64Array(0),
        ...(own.x !== undefined && { x: new Float64Array(0) }),
      }
    );
  }

  /** {@link history} of many metrics, or of all; those without points are absent. */
  async histories(runId: string, keys?: readonly string[], options?: HistoryOptions): Promise<Map<string, Series>> {
    const names = checkKeys(keys);
    const own = checkHistoryOptions(options);
    const { backend } = this.#context;
    const { readHistories } = await reading();
    return await readHistories(backend, runId, names, own);
  }

  /**
   * The texts, images, histograms and tables of a run, in step order, ties in the order of logging, without their contents.
   * `RUN_NOT_FOUND`; `CORRUPT` when records of the run are damaged or missing, unless `damaged: "skip"`.
   */
  async media(runId: string, query?: MediaQuery): Promise<MediaEntry[]> {
    const { listMedia } = await reading();
    return await listMedia(this.#context.backend, runId, query);
  }

  /** The content of a value that {@link media} or a `log…` call gave, its digest checked. `CORRUPT` when it is not what was logged. */
  async openMedia(entry: MediaEntry, options?: CallOptions): Promise<OpenMedia> {
    const signal = readSignal("openMedia", options);
    const { openMedia } = await reading();
    return await openMedia(this.#context.backend, entry, signal);
  }

  /**
   * Follows a run while it goes on, in this process or another. The first update comes at once and holds everything so far, each
   * further one what is new; the last one has the final status, then the iterable ends. Every point is told once, in the order
   * in which its writer logged it. Looks again 250 ms after something happened, then less and less often, every 10 s at
   * last, and at once where the backend tells of changes; only while an update is being waited for, for which a process
   * stays alive. Leaving the loop, or an abort, releases everything. Rejects with `RUN_NOT_FOUND`, with the signal's
   * reason, or with what the backend met for `giveUpMs` on end; until then that is told to `onError`.
   */
  watchRun(id: string, options?: WatchRunOptions): AsyncIterableIterator<RunUpdate, void, undefined> {
    return new RunWatch(async (own, signal) => (await reading()).watchUpdates(this.#context, id, own, signal), options);
  }

  /** Opens a version of an artifact to read it, named as `name:v3`, `name:best`, `name` (the newest) or `name@sha256:…`. */
  async openArtifact(ref: ArtifactRef, options?: CallOptions): Promise<OpenArtifact> {
    return await (await this.#context.artifacts()).open(ref, callOptions(readSignal("openArtifact", options)));
  }

  /** The versions of an artifact, `v0` first; none for a name never logged. */
  async artifactVersions(name: string, options?: CallOptions): Promise<ArtifactVersion[]> {
    return await (await this.#context.artifacts()).versions(name, callOptions(readSignal("artifactVersions", options)));
  }

  /** Lets an alias mean a version (`"v3"`, another alias or `latest`) from now on. `ARTIFACT_NOT_FOUND`. */
  async setAlias(name: string, version: string, alias: string, options?: CallOptions): Promise<ArtifactVersion> {
    return await (
      await this.#context.artifacts()
    ).setAlias(name, version, alias, callOptions(readSignal("setAlias", options)));
  }

  /**
   * Deletes a run softly: searches leave it out, `getRun` gives it with `deletedAt`, and nothing of it is removed. Its writers, if it
   * has any, are not disturbed. Deleting it again changes nothing. `RUN_NOT_FOUND`; `CONFLICT` when others restore it all the time.
   */
  async deleteRun(id: string, options?: CallOptions): Promise<void> {
    await (await reading()).setDeleted(this.#context, id, true, readSignal("deleteRun", options));
  }

  /** Undoes {@link deleteRun}; restoring a run that is not deleted changes nothing. Rejects as it does. */
  async restoreRun(id: string, options?: CallOptions): Promise<void> {
    await (await reading()).setDeleted(this.#context, id, false, readSignal("restoreRun", options));
  }

  /**
   * Closes runs whose writers are gone as `interrupted`, one or all of them. Safe at any time, any number of times: what a
   * writer that was only slow records later counts. Where the writers' processes cannot be asked about it takes as long as
   * they had promised a sign of life within, three times over. A run that cannot be read does not keep the others from being closed: the
   * result names it in `unreadable`. For one `id`, the call rejects with the reason instead.
   */
  async recover(id?: string, options?: RecoverOptions): Promise<Recovery> {
    const { recoverRuns } = await reading();
    return await recoverRuns(this.#context, id, new Set([...this.#openRuns].map((run) => run.id)), options);
  }

  /**
   * Makes the catalogue anew, which `searchRuns` reads, from the runs alone: it never holds anything that they do not. Others may write
   * and search meanwhile. Needed after objects of the catalogue were lost in part; a search itself notices damaged ones, and that there is
   * none at all. Returns how many runs there are.
   */
  async rebuildCatalog(options?: CallOptions): Promise<{
    /** The number of runs in the catalogue. */
    readonly runs: number;
  }> {
    const signal = readSignal("rebuildCatalog", options);
    const { rebuildCatalog } = await reading();
    return await rebuildCatalog(this.#context, signal);
  }
}
