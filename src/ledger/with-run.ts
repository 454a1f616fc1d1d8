import { invalidArgument, LedgerError, ledgerErrorOf } from "../errors/ledger-error.ts";
import { closedByWithRun } from "../run/closed-by-with-run.ts";
import type { Run } from "../run/run.ts";
import type { StartRunOptions } from "../run/start-options.ts";

/** Calls `work` with a new run, and closes the run; see `Ledger.withRun`. */
export async function withRun<R>(
  start: (options: StartRunOptions) => Promise<Run>,
  options: StartRunOptions,
  work: (run: Run) => Promise<R> | R,
  onError: (error: LedgerError) => void,
): Promise<R> {
  if (typeof work !== "function")
    throw invalidArgument("work", "a function", work, typeof options === "function" ? ": pass withRun({}, work)" : "");
  const run = await start(options);
  // The error of the caller matters more than the trouble of the run.
  const tell = (cause: unknown): void => {
    const { code, message } = ledgerErrorOf(cause, "closing it failed without a reason");
    // An operation of its own, so that the warning comes even if the same trouble was told of a write.
    const details = { ...(cause as LedgerError), operation: "withRun", cause };
    onError(new LedgerError(code, `run ${run.id} is not closed: ${message}`, details));
  };
  let result: R;
  try {
    result = await work(run);
    if (run.status === "running") closedByWithRun.add(run);
  } catch (error) {
    if (run.status === "running") closedByWithRun.add(run);
    await run.fail(error).catch(tell);
    throw error;
  }
  await run.finish().catch(tell);
  return result;
}
