import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { CallOptions } from "../backend/backend.ts";
import { changesBetween, type RunChanges } from "../compare/run-changes.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { RunContext } from "../run/run-context.ts";
import { diffCodeOfRecords } from "./diff-code.ts";
import { checkRunId, readRun } from "./read-run.ts";
import { searchRuns } from "./search-runs.ts";

/** Options of `ledger.whatChanged`. */
interface WhatChangedOptions extends CallOptions {
  /** The id of the run to compare with. Default: the previous run of the same program. */
  readonly against?: string | undefined;
}

const NAMES: OptionNames<WhatChangedOptions> = { against: true, signal: true };
/** How many earlier runs each request looks at. The previous one is often the first. */
const PAGES: readonly number[] = [10, 90, 400];

/** Returns what changed since the previous run of the same program; see `Ledger.whatChanged`. */
export async function whatChanged(
  context: RunContext,
  id: string,
  options: WhatChangedOptions | undefined,
): Promise<RunChanges | undefined> {
  checkRunId(id);
  const { against, signal } = readOptions("whatChanged", options, NAMES);
  if (against !== undefined) checkRunId(against, "against");
  const { backend } = context;
  const run = await readRun(backend, id, signal);
  const found =
    against === undefined ? await findPrevious(context, run, signal) : { id: against, chosen: "against" as const };
  if (found === undefined) return undefined;
  const previous = await readRun(backend, found.id, signal);
  return changesBetween(previous, run, await diffCodeOfRecords(backend, previous, run, signal), found.chosen);
}

interface Found {
  readonly id: string;
  readonly chosen: "entry" | "experiment";
}

/** Returns the previous run of the same program. Reads the catalogue alone. */
async function findPrevious(
  context: RunContext,
  run: RunRecord,
  signal: AbortSignal | undefined,
): Promise<Found | undefined> {
  const entry = run.code?.entry;
  let inExperiment: Found | undefined;
  for await (const { id, code } of earlierRuns(context, run, run.experiment, signal)) {
    if (entry !== undefined && code?.entry === entry) return { id, chosen: "entry" };
    if (entry === undefined || code?.entry === undefined) inExperiment ??= { id, chosen: "experiment" };
    if (entry === undefined) break;
  }
  if (entry !== undefined)
    for await (const { id, code } of earlierRuns(context, run, undefined, signal))
      if (code?.entry === entry) return { id, chosen: "entry" };
  return inExperiment;
}

/** Yields the runs that started before this one, the latest first. Leaves out its parent, which is no attempt of it. */
async function* earlierRuns(
  context: RunContext,
  { id, startTime, parent }: RunRecord,
  experiment: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Pick<RunRecord, "id" | "code">, void> {
  let pageToken: string | undefined;
  for (const limit of PAGES) {
    const page = await searchRuns(context, {
      experiment,
      filter: {
        kind: "compare",
        field: { kind: "attribute", name: "start_time" },
        operator: "<=",
        value: startTime,
      },
      orderBy: "start_time DESC",
      fields: ["startTime", "code"],
      limit,
      pageToken,
      signal,
    });
    for (const run of page.runs) if ((run.startTime < startTime || run.id < id) && run.id !== parent) yield run;
    pageToken = page.nextPageToken;
    if (pageToken === undefined) return;
  }
}
