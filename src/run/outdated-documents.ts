import { callOptions } from "../backend/call-options.ts";
import type { Backend } from "../backend/backend.ts";
import { isPowerOfTwo, laterNumbers, staysBelow } from "../bytes/sparse-numbers.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { RunListing } from "../journal/list-run.ts";
import { runDocumentKey } from "../journal/run-document.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { RunContext } from "./run-context.ts";

const REQUESTS_AT_ONCE = 16;

/**
 * Returns the numbers of listed documents that nobody needs once document `number` survives a power cut. The others
 * lead readers that cannot list to the newest document.
 */
export function outdatedDocuments({ documents }: Pick<RunListing, "documents">, number: number): number[] {
  return documents.filter((n) => n < number && !staysBelow(number, n));
}

/** Removes outdated documents of a run. Tells `onError` what it cannot remove: the next close of the run tries again. */
export async function removeDocuments(
  { backend, onError }: RunContext,
  runId: string,
  numbers: readonly number[],
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await mapBounded(numbers, REQUESTS_AT_ONCE, signal, (n, stop) =>
      backend.remove(runDocumentKey(runId, n), { signal: stop }),
    );
  } catch (error) {
    if (!LedgerError.is(error)) throw error;
    onError(error);
  }
}

/**
 * Returns whether there is a newer document than document `n`, which this session has just created. Then others may have
 * created and removed a document `n` before, so this one does not count. Removes it unless the newer one was made from
 * it and readers need it. Asks for single objects, because a listing may be old.
 */
export async function isOvertaken(
  backend: Backend,
  runId: string,
  n: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  // Such a document is never removed, so nobody had created it before. Where processes may create one object twice,
  // nothing is removed.
  if (isPowerOfTwo(n) || !backend.capabilities.exclusiveCreate) return false;
  const found = await mapBounded(laterNumbers(n), REQUESTS_AT_ONCE, signal, async (later, stop) =>
    (await backend.stat(runDocumentKey(runId, later), { signal: stop })) === undefined ? [] : [later],
  );
  const newer = found.flat();
  if (newer.length === 0) return false;
  if (!newer.every((later) => staysBelow(later, n)))
    await backend.remove(runDocumentKey(runId, n), callOptions(signal));
  return true;
}
