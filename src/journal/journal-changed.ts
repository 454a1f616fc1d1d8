import { LedgerError } from "../errors/ledger-error.ts";

/** Says that others have removed or changed what a writer stored, and that at most so many acknowledged points went with it. */
export function journalChanged(runId: string, points: number, key: string, cause?: LedgerError): LedgerError {
  const lost = points > 0 ? `up to ${points} acknowledged points are gone` : "no acknowledged point is gone";
  const what = `others have removed or changed the journal of run ${runId} while it was written: ${lost}, and the run goes on`;
  return new LedgerError("CONFLICT", what, { key, cause });
}
