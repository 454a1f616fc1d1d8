import { readSignal } from "../arguments/options.ts";
import type { ArtifactRef } from "../artifacts/version.ts";
import type { CallOptions } from "../backend/backend.ts";
import type { CodeDiff } from "../compare/code/code-diff.ts";
import type { Lineage } from "../compare/lineage/lineage.ts";
import type { Reproduction } from "../compare/reproduction/reproduction.ts";
import type { RunChanges } from "../compare/run-changes.ts";
import type { RecordedDataset } from "../journal/recorded-dataset.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { OpenRun, RunContext } from "../run/run-context.ts";
import { LedgerArtifacts } from "./ledger-artifacts.ts";

const explaining = /* @__PURE__ */ onDemand(() => import("./explaining.ts"));

/** The calls of a ledger that say what made its runs. */
export class RunOrigins extends LedgerArtifacts {
  readonly #context: RunContext;

  /** @internal Use `openLedger`. */
  constructor(context: RunContext, openRuns: ReadonlySet<OpenRun>) {
    super(context, openRuns);
    this.#context = context;
  }

  /**
   * Returns what differs between the code of two runs: commits, the patches of their changes by file and hunk, untracked
   * files, script, lockfile. `same` is `"unknown"` where the records do not hold enough to know it. Rejects with
   * `RUN_NOT_FOUND`. A patch that is damaged, or larger than 4 MiB, counts as incomplete.
   */
  async diffCode(a: string, b: string, options?: CallOptions): Promise<CodeDiff> {
    const { diffCodeOfRuns } = await explaining();
    return await diffCodeOfRuns(this.#context.backend, a, b, readSignal("diffCode", options));
  }

  /**
   * Returns what changed since the previous run of the same program, or since the run `against`: code, params, data
   * sets, environment, metrics, status. The previous run is the latest that started before with the same script: of the
   * same experiment, else of any. If one of the two recorded no script, it is the latest of the experiment. It looks at
   * the 500 runs before, in the catalogue. `formatChanges` of `runledger/compare` prints the result. Returns `undefined`
   * if there is no such run. Rejects with `RUN_NOT_FOUND`.
   */
  async whatChanged(
    id: string,
    options?: CallOptions & {
      /** The id of the run to compare with. Default: the previous run of the same program. */
      readonly against?: string | undefined;
    },
  ): Promise<RunChanges | undefined> {
    const { whatChanged } = await explaining();
    return await whatChanged(this.#context, id, options);
  }

  /**
   * Returns a plan of what it takes to run a run again: code, data, params, environment, command line, and what of it the
   * record does not hold. `formatReproduction` of `runledger/compare` makes steps of it that a person can follow, and
   * `checkReproduction` compares the two runs. Rejects with `RUN_NOT_FOUND`.
   */
  async reproduction(id: string, options?: CallOptions): Promise<Reproduction> {
    const { reproduction } = await explaining();
    return await reproduction(this.#context.backend, id, readSignal("reproduction", options));
  }

  /**
   * Returns what led to a run, a version of an artifact or a data set, and what came of it: runs, versions and data sets as
   * `nodes`, and as `edges` which run made or used them, and started or continued which run. It reads the catalogue, not
   * the runs. Takes a digest, too, and rejects with `INVALID_ARGUMENT` if several things have it. Rejects with
   * `RUN_NOT_FOUND` and `ARTIFACT_NOT_FOUND`. `runledger/compare` makes PROV-JSON, Mermaid and
   * DOT of it.
   */
  async lineage(
    ref:
      | ArtifactRef
      | {
          /** A data set that a run used, as its record has it. */
          readonly dataset: Pick<RecordedDataset, "name" | "digest">;
        },
    options?: CallOptions & {
      /** `"up"`: what led to it. `"down"`: what came of it. Default `"both"`. */
      readonly direction?: "up" | "down" | "both" | undefined;
      /** The most edges from the start to a node. Default 10. */
      readonly depth?: number | undefined;
    },
  ): Promise<Lineage> {
    return await (await explaining()).readLineage(this.#context, ref, options);
  }

  /**
   * Yields the records of the runs that used some data, the newest first: a digest, a version of an artifact
   * (`"iris:v0"`, or as a call returned it), or a data set by `name`, `digest` or both, such as one of a record. A run
   * used a stored data set, too, if it used the version that holds it. It asks the catalogue, and reads no run that did
   * not use it. Rejects with `ARTIFACT_NOT_FOUND` for a version that is not there, and with `INVALID_ARGUMENT` for a
   * text that is a mere name.
   */
  async *runsUsing(
    dataset: ArtifactRef | Partial<Pick<RecordedDataset, "name" | "digest" | "artifact">>,
    options?: CallOptions,
  ): AsyncGenerator<RunRecord, void, undefined> {
    yield* (await explaining()).runsUsing(this.#context, dataset, options);
  }
}
