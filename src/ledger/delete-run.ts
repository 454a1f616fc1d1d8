import { createOrMatch } from "../backend/create-or-match.ts";
import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { enter } from "../catalog/catalog-entry.ts";
import {
  encodeLifecycle,
  lifecycleKey,
  lifecyclePrefix,
  MAX_LIFECYCLE_NUMBER,
  parseLifecycleKey,
  readLifecycle,
} from "../journal/lifecycle.ts";
import { runCreatedKey, runNotFound } from "../journal/run-created.ts";
import type { RunContext } from "../run/run-context.ts";
import { checkRunId, readRunCreated } from "./read-run.ts";

/** How often others may say something else at the same moment before it is given up. */
const TRIES = 100;

/**
 * Says of a run that it is deleted, or that it is not, with a marker numbered behind those that are there; writes nothing when they
 * say so already. Of two with one number, where creates are not exclusive, either stays: as if the other had come before it.
 */
export async function setDeleted(
  { backend, clock }: RunContext,
  id: string,
  deleted: boolean,
  signal?: AbortSignal,
): Promise<void> {
  checkRunId(id);
  const call = signal ? { signal } : {};
  // How the run began may be damaged: it can be deleted all the same.
  if ((await backend.stat(runCreatedKey(id), call)) === undefined) throw runNotFound(id);
  const time = clock.now();
  let newest = 0;
  for (let left = TRIES; left > 0; left--) {
    for await (const { key } of backend.list(lifecyclePrefix(id), call))
      newest = Math.max(newest, parseLifecycleKey(key) ?? 0);
    // A listing may be behind.
    while (newest < MAX_LIFECYCLE_NUMBER && (await backend.stat(lifecycleKey(id, newest + 1), call))) newest++;
    let isDeleted: boolean | undefined;
    try {
      isDeleted = (await readLifecycle(backend, id, newest, call)) !== undefined;
    } catch (error) {
      // The next one counts in its place.
      if (!LedgerError.hasCode(error, "CORRUPT")) throw error;
    }
    if (isDeleted === deleted) return;
    if (newest === MAX_LIFECYCLE_NUMBER)
      throw new LedgerError("TOO_LARGE", `there is no number behind ${lifecycleKey(id, newest)}`, {
        key: lifecycleKey(id, newest),
      });
    // First: once the marker is there the catalogue must not go on telling of the run as it was.
    await enterMarker(backend, id, newest + 1, signal);
    const bytes = encodeLifecycle(id, newest + 1, { deleted, time });
    if (await createOrMatch(backend, lifecycleKey(id, newest + 1), bytes, signal)) return;
  }
  throw new LedgerError("CONFLICT", `run ${id} is deleted and restored by others over and over`, {
    key: lifecyclePrefix(id),
    transient: true,
  });
}

/** Tells the catalogue that there is a marker, or will be. Of a run whose beginning is damaged it has nothing to tell. */
async function enterMarker(backend: Backend, id: string, n: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    const { experiment } = await readRunCreated(backend, id, signal);
    await enter(backend, experiment, id, "marked", n, signal);
  } catch (error) {
    if (!LedgerError.hasCode(error, "CORRUPT")) throw error;
  }
}
