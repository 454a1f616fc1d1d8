import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import { listRun } from "../journal/list-run.ts";
import { segmentsBeyond } from "../journal/newest-document.ts";
import { readBareDocument } from "../journal/read-run-document.ts";
import { type RunCreated, runNotFound } from "../journal/run-created.ts";
import { greatestStep } from "../journal/writer-fold.ts";
import type { ForkOrigin } from "../journal/fork-origin.ts";
import type { RunContext } from "./run-context.ts";
import { ID_PATTERN } from "../journal/run-id.ts";

/**
 * Returns the beginning of the run to fork. Rejects with `RUN_NOT_FOUND` if there is no run to fork, or as reading its beginning does. If the run has ended before
 * the step, `onError` gets an error with its last step: the fork then inherits all of its points.
 */
export async function readForkOrigin(
  { backend, onError }: Pick<RunContext, "backend" | "onError">,
  { run, step }: ForkOrigin,
  signal: AbortSignal | undefined,
): Promise<RunCreated> {
  const unknown = (): LedgerError => {
    const { code, message } = runNotFound(run);
    return new LedgerError(code, message, { field: "forkOf.run", received: "string" });
  };
  if (!ID_PATTERN.test(run)) throw unknown();
  let created: RunCreated;
  try {
    created = await readRunBeginning(backend, run, callOptions(signal));
  } catch (error) {
    throw LedgerError.hasCode(error, "NOT_FOUND") ? unknown() : error;
  }
  const own = await lastStepOf(backend, run, signal);
  if (own === undefined) return created;
  const last = Math.max(own, created.forkOf?.step ?? own);
  if (step > last) onError(beyondEnd(run, step, last));
  return created;
}

function beyondEnd(run: string, step: number, last: number): LedgerError {
  return new LedgerError(
    "INVALID_ARGUMENT",
    `forkOf.step is ${step}, but the last step that run ${run} logged is ${last}: the fork has all of its points, and ` +
      `continues at step ${step + 1}. To continue right behind them, pass forkOf: { run: "${run}", step: ${last} }`,
    { field: "forkOf.step", received: "number", operation: "startRun" },
  );
}

/** Returns the greatest step of a run that has ended, or `undefined` if it is not known without reading its points. */
async function lastStepOf(backend: Backend, run: string, signal: AbortSignal | undefined): Promise<number | undefined> {
  try {
    const listing = await listRun(backend, run, callOptions(signal));
    if (listing.newestDocument === 0) return undefined;
    const { document } = await readBareDocument(backend, run, listing.newestDocument, callOptions(signal));
    const isCurrent = document?.compacted !== undefined && segmentsBeyond(document, listing.writers).size === 0;
    return isCurrent ? greatestStep(document.compacted.writers) : undefined;
  } catch (error) {
    signal?.throwIfAborted();
    if (LedgerError.is(error)) return undefined; // Only advice is lost.
    throw error;
  }
}
