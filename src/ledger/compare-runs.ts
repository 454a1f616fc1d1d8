import type { Backend, CallOptions } from "../backend/backend.ts";
import { mapBounded } from "../platform/bounded.ts";
import { readSignal } from "../arguments/options.ts";
import { ownList } from "../arguments/own-list.ts";
import { compareRecords, type RunComparison } from "../compare/compare-records.ts";
import { readRun } from "./read-run.ts";

/** Runs read at a time. */
const AT_ONCE = 16;

/** Compares runs in the order of their ids. An id that is there twice counts once, where it is first. `RUN_NOT_FOUND`. */
export async function compareRuns(
  backend: Backend,
  ids: readonly string[],
  options: CallOptions | undefined,
): Promise<RunComparison> {
  const own = ownList("ids", "an array of ids of runs", ids, ", as in compareRuns([a, b])");
  const signal = readSignal("compareRuns", options);
  return compareRecords(await mapBounded([...new Set(own)], AT_ONCE, signal, (id, stop) => readRun(backend, id, stop)));
}
