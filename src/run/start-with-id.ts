import { callOptions } from "../backend/call-options.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import type { RunCreated } from "../journal/run-created.ts";
import type { RunContext } from "./run-context.ts";
import { readCode } from "./code-log.ts";
import { checkOptions, type StartRunOptions } from "./start-options.ts";
import { resumeRun } from "./resume-run.ts";
import type { Run, StartRun } from "./run.ts";
import { runExists, startRun } from "./start-run.ts";

/**
 * Starts a run with an id that the caller chose. Rejects with `RUN_EXISTS` if the id is taken. With `resume: "allow"`
 * it resumes that run instead, and `RUN_EXISTS` means that the run belongs to another experiment than the caller named.
 */
export async function startWithId(context: RunContext, options: StartRunOptions, start: StartRun): Promise<Run> {
  const { signal } = options;
  signal?.throwIfAborted();
  const checked = checkOptions(options);
  const id = checked.id as string;
  let created = await findRun(context, id, signal);
  if (created === undefined) {
    let refused: unknown;
    try {
      return await startRun(context, options, start);
    } catch (error) {
      if (checked.resume !== "allow" || !LedgerError.hasCode(error, "RUN_EXISTS")) throw error;
      refused = error;
    }
    // Another process has just begun the run, unless the run of this id was purged.
    created = await findRun(context, id, signal);
    if (created === undefined) throw refused;
  }
  if (checked.resume !== "allow") throw runExists(id);
  if (options.experiment !== undefined && created.experiment !== checked.experiment)
    throw runExists(id, `of the experiment ${JSON.stringify(created.experiment)}`);
  const { flush, heartbeatMs } = options;
  // The script may have changed since the run began: its new values count, and the history keeps the old ones.
  const code = options.code === undefined ? undefined : await readCode(options.code);
  const wanted = { wantsCode: options.code === undefined, wantsEnvironment: checked.environment === true };
  return await resumeRun(context, created, { flush, heartbeatMs, signal }, start, { ...checked, code, ...wanted });
}

async function findRun(
  { backend }: RunContext,
  id: string,
  signal: AbortSignal | undefined,
): Promise<RunCreated | undefined> {
  try {
    return await readRunBeginning(backend, id, callOptions(signal));
  } catch (error) {
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}
