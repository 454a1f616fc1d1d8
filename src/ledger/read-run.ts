import { ownList } from "../arguments/own-list.ts";
import { readOptions } from "../arguments/options.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { invalidArgument, LedgerError, reading } from "../errors/ledger-error.ts";
import { isDeviceName } from "../backend/key.ts";
import { type RunCreated, runNotFound } from "../journal/run-created.ts";
import { ID_PATTERN } from "../journal/run-id.ts";
import { runPurged, wasPurged } from "../journal/purged.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import { readLifecycle, withDeletedAt } from "../journal/lifecycle.ts";
import type { CompareOptions } from "../compare/compare-records.ts";
import { listRun, type RunListing } from "../journal/list-run.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { readRecord } from "../journal/run-state.ts";
import { mapBounded } from "../platform/bounded.ts";

const RUNS_AT_ONCE = 16;

/** Returns the id. Throws `RUN_NOT_FOUND` for a string that cannot be the id of a run, else `INVALID_ARGUMENT`. */
export function checkRunId(id: unknown, field = "id"): string {
  if (typeof id !== "string") {
    const isRun =
      typeof id === "object" && reading(field, () => typeof (id as { id?: unknown } | null)?.id === "string");
    throw invalidArgument(field, "the id of a run", id, isRun ? ": pass its id" : "");
  }
  if (!ID_PATTERN.test(id) || isDeviceName(id)) throw runNotFound(id);
  return id;
}

/** Returns the beginning of a run. Rejects with `RUN_NOT_FOUND`, or with `CORRUPT` if the object is damaged. */
export async function readRunCreated(backend: Backend, id: string, signal?: AbortSignal): Promise<RunCreated> {
  checkRunId(id);
  try {
    return await readRunBeginning(backend, id, signal ? { signal } : {});
  } catch (error) {
    if (!LedgerError.hasCode(error, "NOT_FOUND")) throw error;
    throw (await wasPurged(backend, id, callOptions(signal))) ? runPurged(id) : runNotFound(id);
  }
}

/**
 * Returns the record of a run: that of its newest document if the document covers everything, else folded from the
 * journals. A deleted run has `deletedAt`.
 */
export async function readRun(
  backend: Backend,
  id: string,
  signal?: AbortSignal,
  listing?: RunListing,
): Promise<RunRecord> {
  checkRunId(id);
  const readCreated = (): Promise<RunCreated> => readRunCreated(backend, id, signal);
  const call = signal ? { signal } : {};
  const listed = listing ?? (await listRun(backend, id, call));
  const { record, listing: read } = await readRecord(backend, id, readCreated, { listing: listed, ...call });
  return withDeletedAt(record, await readLifecycle(backend, id, read.lifecycle, call));
}

/**
 * Returns the records that `compareRuns` compares, in the order of the ids, and how it compares them. A repeated id counts once, in its first
 * place. Checks the ids before the options, because `compareRuns(a, b)` is a likely mistake. Rejects with
 * `RUN_NOT_FOUND`.
 */
export async function readComparedRuns(
  backend: Backend,
  ids: readonly string[],
  options: (CallOptions & CompareOptions) | undefined,
): Promise<[records: RunRecord[], options: CompareOptions]> {
  const own = ownList("ids", "an array of ids of runs", ids, ", as in compareRuns([a, b])");
  const { signal, ...rest } = readOptions("compareRuns", options, { signal: true, systemMetrics: true });
  const read = await mapBounded([...new Set(own)], RUNS_AT_ONCE, signal, (id, stop) => readRun(backend, id, stop));
  return [read, rest];
}
