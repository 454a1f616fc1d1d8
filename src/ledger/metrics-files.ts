import { readSignal } from "../arguments/options.ts";
import { ownList } from "../arguments/own-list.ts";
import type { CallOptions } from "../backend/backend.ts";
import { mapBounded } from "../platform/bounded.ts";
import { concernsOneObject } from "../errors/ledger-error.ts";
import { listRun, type RunListing } from "../journal/list-run.ts";
import { runPrefix } from "../journal/run-created.ts";
import { whileItChanges } from "../journal/newest-document.ts";
import type { RunContext } from "../run/run-context.ts";
import { findPoints } from "../series/find-points.ts";
import { listRuns } from "../journal/list-runs.ts";
import { checkRunId } from "./read-run.ts";
import { type StoredFile, storedFile } from "./stored-file.ts";

/** A Parquet file with points of one run. */
export interface MetricsFile extends StoredFile {
  /** The id of the run. */
  readonly runId: string;
}

/** The files with the points of runs. */
export interface MetricsFiles {
  /** Parquet files, each with points of one run: `run_id`, `key`, `step`, `time`, `value`. */
  readonly files: readonly MetricsFile[];
  /**
   * The ids of runs whose records are in journals. None of their points are in `files`: `ledger.histories` reads them.
   */
  readonly journaled: readonly string[];
}

/** Up to this many runs are listed one by one. For more runs, one listing covers all runs of the ledger. */
const FEW_RUNS = 64;
const RUNS_AT_ONCE = 32;

function checkIds(ids: readonly string[] | undefined): string[] | undefined {
  return ids === undefined ? undefined : ownList("runIds", "an array of ids of runs", ids);
}

/** Returns the files that hold the points of runs; see `metricsFiles`. */
export async function listMetricsFiles(
  { backend, onError }: RunContext,
  given: readonly string[] | undefined,
  options: CallOptions | undefined,
): Promise<MetricsFiles> {
  const signal = readSignal("metricsFiles", options);
  const call = signal ? { signal } : {};
  const runIds = checkIds(given);
  const few = runIds && runIds.length <= FEW_RUNS;
  const listed = few ? undefined : await listRuns(backend, (_, error) => onError(error), signal);
  const files: MetricsFile[] = [];
  const journaled: string[] = [];
  const found = await mapBounded(
    [...new Set(runIds ? runIds.map((id) => checkRunId(id)) : listed?.keys())],
    RUNS_AT_ONCE,
    signal,
    async (id, stop) => {
      try {
        const known = listed ? listed.get(id) : await listRun(backend, id, { signal: stop });
        if (known === undefined || isEmpty(known)) return undefined;
        const read = async (listing: RunListing, isConfirmed: boolean) =>
          await findPoints(backend, id, listing, isConfirmed, { signal: stop });
        return { id, place: await whileItChanges(backend, id, call, known, read) };
      } catch (error) {
        if (!concernsOneObject(error)) throw error;
        onError(error);
        return undefined;
      }
    },
  );
  for (const run of found) {
    if (run === undefined) continue;
    const { id, place } = run;
    if (place.more.size > 0) journaled.push(id);
    else {
      for (const { name, size } of place.metrics)
        files.push({ runId: id, ...storedFile(backend, `${runPrefix(id)}/${name}`, size) });
    }
  }
  return { files, journaled };
}

function isEmpty({ writers, metrics, documents }: RunListing): boolean {
  return writers.size === 0 && metrics.length === 0 && documents.length === 0;
}
