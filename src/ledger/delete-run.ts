import { createOrMatch } from "../backend/create-or-match.ts";
import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { noNumberAfter } from "../errors/no-number-after.ts";
import { enter } from "../catalog/catalog-entry.ts";
import {
  encodeLifecycle,
  lifecycleKey,
  lifecyclePrefix,
  MAX_LIFECYCLE_NUMBER,
  parseLifecycleKey,
  readLifecycle,
} from "../journal/lifecycle.ts";
import { runPurged, wasPurged } from "../journal/purged.ts";
import { runCreatedKey, runNotFound } from "../journal/run-created.ts";
import type { RunContext } from "../run/run-context.ts";
import { checkRunId, readRunCreated } from "./read-run.ts";

/** How often others may write a marker at the same moment before this gives up. */
const TRIES = 100;

/**
 * Writes a marker that says whether a run is deleted, with the next free number. Writes nothing if the newest marker
 * says so already. If creates are not exclusive, two markers may get the same number. Then either one stays, as if the
 * other had come before it. Returns the number of the marker that it wrote. `after`: write it only if this marker is the
 * newest one.
 */
export async function setDeleted(
  { backend, clock }: RunContext,
  id: string,
  deleted: boolean,
  signal?: AbortSignal,
  after?: number,
): Promise<number | undefined> {
  checkRunId(id);
  const call = signal ? { signal } : {};
  // A run can be deleted even if its beginning is damaged.
  if ((await backend.stat(runCreatedKey(id), call)) === undefined)
    throw (await wasPurged(backend, id, call)) ? runPurged(id) : runNotFound(id);
  const time = clock.now();
  let newest = 0;
  for (let left = TRIES; left > 0; left--) {
    for await (const { key } of backend.list(lifecyclePrefix(id), call))
      newest = Math.max(newest, parseLifecycleKey(key) ?? 0);
    // The listing may be old.
    while (newest < MAX_LIFECYCLE_NUMBER && (await backend.stat(lifecycleKey(id, newest + 1), call))) newest++;
    let isDeleted: boolean | undefined;
    try {
      isDeleted = (await readLifecycle(backend, id, newest, call)) !== undefined;
    } catch (error) {
      // The next marker replaces the damaged one.
      if (!LedgerError.hasCode(error, "CORRUPT")) throw error;
    }
    if (isDeleted === deleted || (after !== undefined && newest !== after)) return undefined;
    if (newest === MAX_LIFECYCLE_NUMBER) throw noNumberAfter(lifecycleKey(id, newest));
    // Before the marker: once the marker exists, the catalogue must not show the run as it was.
    await enterMarker(backend, id, newest + 1, signal);
    const bytes = encodeLifecycle(id, newest + 1, { deleted, time });
    if (await createOrMatch(backend, lifecycleKey(id, newest + 1), bytes, signal)) return newest + 1;
  }
  throw new LedgerError("CONFLICT", `others deleted or restored run ${id} ${TRIES} times while this call tried to`, {
    key: lifecyclePrefix(id),
    transient: true,
  });
}

/** Enters in the catalogue that marker `n` exists, or will soon. Does nothing for a run whose beginning is damaged. */
async function enterMarker(backend: Backend, id: string, n: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    const { experiment } = await readRunCreated(backend, id, signal);
    await enter(backend, experiment, id, "marked", n, signal);
  } catch (error) {
    if (!LedgerError.hasCode(error, "CORRUPT")) throw error;
  }
}
