import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";
import { runNotFound } from "../journal/run-created.ts";
import { ID_PATTERN } from "../journal/run-id.ts";

/** Rejects with `RUN_NOT_FOUND` if there is no run to fork, or as reading its beginning does. */
export async function assertCanFork(backend: Backend, run: string, signal: AbortSignal | undefined): Promise<void> {
  const unknown = (): LedgerError => {
    const { code, message } = runNotFound(run);
    return new LedgerError(code, message, { field: "forkOf.run", received: "string" });
  };
  if (!ID_PATTERN.test(run)) throw unknown();
  try {
    await readRunBeginning(backend, run, callOptions(signal));
  } catch (error) {
    throw LedgerError.hasCode(error, "NOT_FOUND") ? unknown() : error;
  }
}
