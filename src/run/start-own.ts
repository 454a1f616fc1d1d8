import { LedgerError } from "../backend/error.ts";
import { decodeRunCreated } from "../journal/decode-run-created.ts";
import { type RunCreated, runCreatedKey } from "../journal/run-created.ts";
import type { RunContext } from "./context.ts";
import { type CheckedOptions, checkOptions, type StartRunOptions } from "./options.ts";
import { resumeRun } from "./resume-run.ts";
import type { Run, StartRun } from "./run.ts";
import { runExists, startRun } from "./start-run.ts";

/**
 * Starts a run with an id of the caller's. `RUN_EXISTS` if it is taken; with `resume: "allow"` that run goes on instead, and
 * `RUN_EXISTS` means that it is one of another experiment than the caller named.
 */
export async function startOwn(context: RunContext, options: StartRunOptions, start: StartRun): Promise<Run> {
  const { signal } = options;
  signal?.throwIfAborted();
  const checked = checkOptions(options);
  const id = checked.id as string;
  let created = await findRun(context, id, signal);
  if (created === undefined) {
    try {
      return await startRun(context, options, start);
    } catch (error) {
      if (checked.resume !== "allow" || !LedgerError.hasCode(error, "RUN_EXISTS")) throw error;
    }
    // Somebody else has just begun it.
    created = await findRun(context, id, signal);
  }
  if (created === undefined || checked.resume !== "allow") throw runExists(id);
  if (options.experiment !== undefined && created.experiment !== checked.experiment)
    throw runExists(id, `of the experiment ${JSON.stringify(created.experiment)}`);
  const { flush, heartbeatMs } = options;
  const run = await resumeRun(context, created, { flush, heartbeatMs, signal }, start);
  await apply(run, checked);
  return run;
}

async function findRun(
  { backend }: RunContext,
  id: string,
  signal: AbortSignal | undefined,
): Promise<RunCreated | undefined> {
  try {
    return decodeRunCreated(await backend.read(runCreatedKey(id), signal ? { signal } : {}), id);
  } catch (error) {
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** A script that is started again may have been changed: what it says now counts, and the history has what it said before. */
async function apply(run: Run, { params, tags, note }: CheckedOptions): Promise<void> {
  if (params) run.setParams(params, { overwrite: true });
  if (tags) run.setTags(tags);
  if (note !== undefined) run.setNote(note);
  await run.flush();
}
